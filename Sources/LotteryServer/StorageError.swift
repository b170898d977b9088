package import LotteryProtocol

package enum StorageError: Error, Hashable, Sendable {
  /// The disk refused: full, broken, over a limit. Nothing of what was to be written is stored.
  case notWritten(path: String, SystemError)
  /// The disk failed so that it is not known what is stored.
  case unreliable(path: String, SystemError)
  /// Another server holds the data directory.
  case inUse(path: String)
  case unreadable(path: String, SystemError)
  /// The directory cannot be synced, so the names of its files may not survive a loss of power.
  case notSynced(path: String, SystemError)
  /// The file holds something that this server did not write.
  case damaged(path: String, line: Int, reason: String)
  /// In place of the file there is a symbolic link, a directory, a pipe or a device.
  case notAFile(path: String)
  /// Something else has changed the file, from the byte at `position` on.
  case changed(path: String, position: Int)
}

extension StorageError: CustomStringConvertible {
  /// One line that the operator can act on.
  package var description: String {
    switch self {
    case .notWritten(let path, let error): "\(path): not stored: \(error)"
    case .unreliable(let path, let error):
      "\(path): the disk failed, restart the server to read the file again: \(error)"
    case .unreadable(let path, let error): "\(path): cannot be read: \(error)"
    case .notSynced(let path, let error):
      "\(path): cannot be synced, use a directory on another file system or disk: \(error)"
    case .inUse(let path): "\(path): another server is using this directory"
    case .notAFile(let path): "\(path): not a regular file"
    case .damaged(let path, let line, let reason): "\(path):\(line): \(reason)"
    case .changed(let path, let position):
      "\(path): changed by something else while the server ran, at byte \(position)"
    }
  }
}
