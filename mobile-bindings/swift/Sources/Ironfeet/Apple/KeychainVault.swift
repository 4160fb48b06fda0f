// Apple platforms only: not compiled by the tests of this repository, which run on Linux.
#if canImport(Security)
import Foundation
import Security

/// Keeps the key of each person's store in the Keychain: on this device only, out of every backup, readable
/// after the first unlock (a background sync may run while the screen is locked).
///
/// The Keychain survives an app's removal while the store does not; a store made anew simply uses the old key.
public final class KeychainVault: KeyVault {
    private let service: String

    /// - Parameter service: the name the items are kept under; one for each app.
    public init(service: String = "ironfeet.store") {
        self.service = service
    }

    public func storeKey(person: String) throws -> Data {
        if let key = try read(person) {
            return key
        }
        var key = Data(count: 32)
        let made = key.withUnsafeMutableBytes { SecRandomCopyBytes(kSecRandomDefault, 32, $0.baseAddress!) }
        guard made == errSecSuccess else { throw ForeignError.Failed(why: "no random bytes (\(made))") }
        var item = query(person)
        item[kSecValueData as String] = key
        item[kSecAttrAccessible as String] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        let added = SecItemAdd(item as CFDictionary, nil)
        if added == errSecDuplicateItem, let other = try read(person) {
            return other
        }
        guard added == errSecSuccess else { throw failure(added) }
        return key
    }

    private func query(_ person: String) -> [String: Any] {
        [
            kSecClass as String: kSecClassGenericPassword,
            kSecAttrService as String: service,
            kSecAttrAccount as String: person,
            kSecAttrSynchronizable as String: false,
        ]
    }

    private func read(_ person: String) throws -> Data? {
        var wanted = query(person)
        wanted[kSecReturnData as String] = true
        var found: CFTypeRef?
        let status = SecItemCopyMatching(wanted as CFDictionary, &found)
        if status == errSecItemNotFound { return nil }
        guard status == errSecSuccess, let key = found as? Data else { throw failure(status) }
        return key
    }

    private func failure(_ status: OSStatus) -> ForeignError {
        status == errSecInteractionNotAllowed ? .Locked : .Failed(why: "Keychain status \(status)")
    }
}
#endif
