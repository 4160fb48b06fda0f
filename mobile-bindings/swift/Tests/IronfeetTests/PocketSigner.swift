import Foundation

@testable import Ironfeet

#if canImport(CryptoKit)
import CryptoKit

/// A key of P-256 that signs in DER.
private struct Key {
    private let key = P256.Signing.PrivateKey()

    var point: Data { key.publicKey.x963Representation }

    func sign(_ message: Data) throws -> Data { try key.signature(for: message).derRepresentation }
}
#else
import Glibc

/// The same by the system's libcrypto, which the library under test has loaded already: there is no CryptoKit here.
private struct Key {
    private typealias Pointer = OpaquePointer
    private typealias Bytes = UnsafeMutablePointer<UInt8>

    nonisolated(unsafe) private static let library = dlopen("libcrypto.so.3", RTLD_NOW)

    private static func function<F>(_ name: String, as type: F.Type) -> F {
        guard let found = dlsym(library, name) else { fatalError("libcrypto has no \(name)") }
        return unsafeBitCast(found, to: type)
    }

    private let key: Pointer

    init() {
        let make = Self.function("EC_KEY_new_by_curve_name", as: (@convention(c) (Int32) -> Pointer?).self)
        let generate = Self.function("EC_KEY_generate_key", as: (@convention(c) (Pointer) -> Int32).self)
        // 415 is the number of P-256 there.
        guard let made = make(415), generate(made) == 1 else { fatalError("libcrypto makes no key") }
        key = made
    }

    var point: Data {
        let write = Self.function(
            "i2o_ECPublicKey", as: (@convention(c) (Pointer, UnsafeMutablePointer<Bytes?>) -> Int32).self)
        var out = [UInt8](repeating: 0, count: 65)
        let length = out.withUnsafeMutableBufferPointer { buffer in
            var cursor = buffer.baseAddress
            return write(key, &cursor)
        }
        return Data(out.prefix(Int(length)))
    }

    func sign(_ message: Data) throws -> Data {
        let hash = Self.function(
            "SHA256", as: (@convention(c) (UnsafePointer<UInt8>, Int, Bytes) -> Bytes?).self)
        let sign = Self.function(
            "ECDSA_sign",
            as: (@convention(c) (Int32, UnsafePointer<UInt8>, Int32, Bytes, UnsafeMutablePointer<UInt32>, Pointer)
                -> Int32).self)
        let bytes = [UInt8](message)
        var digest = [UInt8](repeating: 0, count: 32)
        _ = hash(bytes, bytes.count, &digest)
        var out = [UInt8](repeating: 0, count: 80)
        var length: UInt32 = 0
        guard sign(0, digest, 32, &out, &length, key) == 1 else { throw SignerFailure.Failed(why: "libcrypto") }
        return Data(out.prefix(Int(length)))
    }
}
#endif

/// Keys as a phone's hardware keeps them. They can be locked and lost.
final class PocketSigner: Signer, @unchecked Sendable {
    // Guarded by `lock`.
    private var keys: [String: Key] = [:]
    private var isLocked = false
    private var count = 0
    private let lock = NSLock()

    var locked: Bool {
        get { lock.withLock { isLocked } }
        set { lock.withLock { isLocked = newValue } }
    }

    var signed: Int { lock.withLock { count } }

    func makeKey(name: String) throws -> Data {
        try lock.withLock {
            guard keys[name] == nil else { throw SignerFailure.Failed(why: "a name that was not new") }
            let key = Key()
            keys[name] = key
            return key.point
        }
    }

    func sign(name: String, message: Data) throws -> Data {
        try lock.withLock {
            if isLocked { throw SignerFailure.Locked }
            guard let key = keys[name] else { throw SignerFailure.Gone }
            count += 1
            return try key.sign(message)
        }
    }

    /// As a reset of the phone's keystore does.
    func lose() {
        lock.withLock { keys = [:] }
    }
}
