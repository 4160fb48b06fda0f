import Foundation

/// A real server on loopback with a folder of its own.
final class Server: @unchecked Sendable {
    private let folder: URL
    private let program: URL
    private var process: Process?
    private var address = "127.0.0.1:0"

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("ironfeet-server-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let native = ProcessInfo.processInfo.environment["IRONFEET_NATIVE"] ?? "../../target/debug"
        program = URL(fileURLWithPath: native).appendingPathComponent("ironfeet-server")
        try start()
    }

    func start() throws {
        let started = Process()
        started.executableURL = program
        started.arguments = ["serve", "--data", folder.path, "--listen", address]
        // It takes settings from the environment: none of this test's.
        started.environment = [:]
        let out = Pipe()
        started.standardOutput = out
        started.standardError = FileHandle.nullDevice
        try started.run()
        process = started
        var said = ""
        while !said.contains("\n") {
            let bytes = out.fileHandleForReading.availableData
            guard !bytes.isEmpty else { throw ServerError(said: said) }
            said += String(decoding: bytes, as: UTF8.self)
        }
        guard let at = said.range(of: "listening on ") else { throw ServerError(said: said) }
        let line = said[at.upperBound...].prefix { $0 != "\n" }
        address = line.components(separatedBy: "://").last ?? String(line)
    }

    func stop() {
        guard let running = process else { return }
        kill(running.processIdentifier, SIGKILL)
        running.waitUntilExit()
        process = nil
    }

    /// The text of an enrolment code, as a phone scans it.
    func invite(_ person: String) throws -> String {
        let said = try admin(["enrol-code", "--person", person, "--grid", grid])
        guard let fields = said as? [String: Any], let qr = fields["qr"] as? String else {
            throw ServerError(said: "\(said)")
        }
        return qr
    }

    func revokeAll() throws {
        for device in try admin(["device", "list"]) as? [[String: Any]] ?? [] {
            _ = try admin(["device", "revoke", device["id"] as? String ?? ""])
        }
    }

    /// The tickets of the changes that wait for a decision, oldest first.
    func tickets() throws -> [String] {
        let waiting = try run(["quarantine", "--data", folder.path, "list", "--json"]) as? [[String: Any]] ?? []
        return waiting.compactMap { ($0["ticket"] as? Int).map(String.init) }
    }

    /// Decides as a supervisor does: `accept` or `discard`.
    func review(_ decision: String, _ ticket: String) throws {
        _ = try run(["quarantine", "--data", folder.path, decision, ticket, "--json"])
    }

    func close() {
        stop()
        try? FileManager.default.removeItem(at: folder)
    }

    private func admin(_ what: [String]) throws -> Any {
        try run(["admin", "--data", folder.path] + what + ["--json"])
    }

    private func run(_ what: [String]) throws -> Any {
        let command = Process()
        command.executableURL = program
        command.arguments = what
        command.environment = ["IRONFEET_PUBLIC_URL": "http://\(address)"]
        let out = Pipe()
        command.standardOutput = out
        try command.run()
        let bytes = out.fileHandleForReading.readDataToEndOfFile()
        command.waitUntilExit()
        guard command.terminationStatus == 0 else { throw ServerError(said: String(decoding: bytes, as: UTF8.self)) }
        return try JSONSerialization.jsonObject(with: bytes, options: [.fragmentsAllowed])
    }
}

struct ServerError: Error {
    let said: String
}
