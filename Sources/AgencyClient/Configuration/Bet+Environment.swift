import LotteryProtocol

extension Bet {
  /// The bet that the variables of exercise 5 make up: NOMBRE, APELLIDO, DOCUMENTO, NACIMIENTO,
  /// NUMERO.
  ///
  /// - Throws: ``AgencyError/badBet(_:)`` where one is missing or breaks its rule.
  init(agency: UInt32, environment: (String) -> String?) throws(AgencyError) {
    do throws(BetRuleViolation) {
      try self.init(
        agency: agency,
        firstName: environment("NOMBRE") ?? "",
        lastName: environment("APELLIDO") ?? "",
        document: environment("DOCUMENTO") ?? "",
        birthdate: environment("NACIMIENTO") ?? "",
        number: environment("NUMERO") ?? "")
    } catch {
      throw .badBet(error)
    }
  }
}
