import LotteryCore

extension Bet {
  /// The bet that the variables of exercise 5 make up: NOMBRE, APELLIDO, DOCUMENTO, NACIMIENTO,
  /// NUMERO.
  ///
  /// - Throws: ``AgencyError/badBet(_:)`` where one is missing or breaks its rule.
  init(environment: (String) -> [UInt8]?) throws(AgencyError) {
    func text(
      _ variable: String, _ field: BetRuleViolation.Field
    ) throws(BetRuleViolation) -> String {
      let bytes = environment(variable) ?? []
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw BetRuleViolation(field, value: bytes.span, rule: "valid UTF-8")
      }
      return text
    }
    do throws(BetRuleViolation) {
      try self.init(
        firstName: text("NOMBRE", .firstName),
        lastName: text("APELLIDO", .lastName),
        document: text("DOCUMENTO", .document),
        birthdate: text("NACIMIENTO", .birthdate),
        number: text("NUMERO", .number))
    } catch {
      throw .badBet(error)
    }
  }
}
