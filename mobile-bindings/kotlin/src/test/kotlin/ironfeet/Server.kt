package ironfeet

import java.io.File
import java.nio.file.Files

/** A real server on loopback with a folder of its own. */
internal class Server : AutoCloseable {
    private val folder = Files.createTempDirectory("ironfeet-server").toFile()
    private val program = File(System.getenv("IRONFEET_NATIVE") ?: "../../target/debug", "ironfeet-server").path
    private var process: Process? = null
    private var address = "127.0.0.1:0"

    init {
        start()
    }

    fun start() {
        val command = ProcessBuilder(program, "serve", "--data", folder.path, "--listen", address)
        // It takes settings from the environment: none of this test's.
        command.environment().clear()
        val started = command.redirectError(ProcessBuilder.Redirect.DISCARD).start()
        process = started
        val line = started.inputStream.bufferedReader().lineSequence().first { "listening on " in it }
        address = line.substringAfter("listening on ").trim().substringAfter("://")
    }

    fun stop() {
        process?.destroyForcibly()?.waitFor()
    }

    /** The text of an enrolment code, as a phone scans it. */
    fun invite(person: String): String = field(admin("enrol-code", "--person", person, "--grid", GRID), "qr")

    fun revokeAll() {
        for (id in Regex("\"id\":\"([^\"]+)\"").findAll(admin("device", "list"))) admin("device", "revoke", id.groupValues[1])
    }

    /** The tickets of the changes that wait for a decision, oldest first. */
    fun tickets(): List<String> = Regex("\"ticket\":(\\d+)").findAll(quarantine("list")).map { it.groupValues[1] }.toList()

    /** Decides as a supervisor does: `accept` or `discard`. */
    fun review(decision: String, ticket: String) {
        quarantine(decision, ticket)
    }

    private fun quarantine(vararg what: String) = run("quarantine", "--data", folder.path, *what, "--json")

    override fun close() {
        stop()
        folder.deleteRecursively()
    }

    private fun admin(vararg what: String): String = run("admin", "--data", folder.path, *what, "--json")

    private fun run(vararg what: String): String {
        val command = ProcessBuilder(program, *what).redirectErrorStream(true)
        command.environment().clear()
        command.environment()["IRONFEET_PUBLIC_URL"] = "http://$address"
        val done = command.start()
        val said = done.inputStream.bufferedReader().readText()
        check(done.waitFor() == 0) { "ironfeet-server ${what.toList()}: $said" }
        return said
    }

    private fun field(json: String, name: String): String =
        Regex("\"$name\":\"([^\"]+)\"").find(json)!!.groupValues[1].replace("\\/", "/").replace("\\u0026", "&")
}
