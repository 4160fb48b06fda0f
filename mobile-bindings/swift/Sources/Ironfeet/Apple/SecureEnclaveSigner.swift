// Apple platforms only: not compiled by the tests of this repository, which run on Linux.
#if canImport(CryptoKit) && canImport(Security)
import CryptoKit
import Foundation
import Security

/// Signs by P-256 keys of the Secure Enclave. What the Keychain keeps of a key can be used by this device's enclave
/// alone; on another phone, and after a reset, the core says ``PhoneError/EnrolAgain(why:)``.
///
/// Usable after the first unlock and without asking the person: a sync in the background signs too.
public final class SecureEnclaveSigner: Signer {
    private let service: String

    /// `nil` where there is no Secure Enclave (old devices, simulators): give no signer then, and the core keeps a key
    /// of its own.
    /// - Parameter service: the name the items are kept under; one for each app.
    public init?(service: String = "ironfeet.device") {
        guard SecureEnclave.isAvailable else { return nil }
        self.service = service
    }

    public func makeKey(name: String) throws -> Data {
        let access = SecAccessControlCreateWithFlags(
            nil, kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly, .privateKeyUsage, nil)
        guard let access else { throw SignerFailure.Failed(why: "no access control") }
        let key = try guarded { try SecureEnclave.P256.Signing.PrivateKey(accessControl: access) }
        var item = query(name)
        item[kSecValueData as String] = key.dataRepresentation
        item[kSecAttrAccessible as String] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        let added = SecItemAdd(item as CFDictionary, nil)
        guard added == errSecSuccess else { throw failure(added) }
        return key.publicKey.x963Representation
    }

    public func sign(name: String, message: Data) throws -> Data {
        var wanted = query(name)
        wanted[kSecReturnData as String] = true
        var found: CFTypeRef?
        let status = SecItemCopyMatching(wanted as CFDictionary, &found)
        if status == errSecItemNotFound { throw SignerFailure.Gone }
        guard status == errSecSuccess, let data = found as? Data else { throw failure(status) }
        // What another device's enclave made cannot be opened here.
        guard let key = try? SecureEnclave.P256.Signing.PrivateKey(dataRepresentation: data) else {
            throw SignerFailure.Gone
        }
        return try guarded { try key.signature(for: message).derRepresentation }
    }

    private func query(_ name: String) -> [String: Any] {
        [
            kSecClass as String: kSecClassGenericPassword,
            kSecAttrService as String: service,
            kSecAttrAccount as String: name,
            kSecAttrSynchronizable as String: false,
        ]
    }

    private func failure(_ status: OSStatus) -> SignerFailure {
        status == errSecInteractionNotAllowed ? .Locked : .Failed(why: "Keychain status \(status)")
    }

    private func guarded<T>(_ act: () throws -> T) throws -> T {
        do {
            return try act()
        } catch {
            throw SignerFailure.Failed(why: "CryptoKit")
        }
    }
}
#endif
