package ironfeet

import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withContext
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The snippets of README.md, compiled and run. */
class ReadmeSnippets {
    @Test
    fun `ten lines to the first offline visit`() = story {
        val folder = folder
        val vault = vault
        // README
        val home = Home(folder.path)
        val post = Post(person = "li", role = Role.INSPECTOR, grids = listOf("329901001012001"))
        val phone = Phone.begin(home, vault, post, Lang.EN)
        val place = phone.addPlace(NewPlace(PlaceKind.DWELLING, "East Street 8, unit 2, 1203", 33.5901, 119.0202, null, listOf()))
        val visit = phone.startVisit(place, checklist = "household")
        for (question in phone.questions(visit)) println("${question.item} ${question.question}")
        phone.answer(visit, "V-02", "outside")
        for (finding in phone.visit(visit).findings) println("${finding.severity} ${finding.action ?: finding.title}")
        println("saved, ${phone.status().pending} changes wait to be sent")
        phone.close()
        // end
    }

    @Test
    fun `a screen that follows`() = story {
        val phone = begin()
        // README
        val shown: Flow<List<TodayRow>> = phone.watch { today() }
        // end
        assertEquals(emptyList<TodayRow>(), shown.first())
        phone.close()
    }

    @Test
    fun `enrolment and sync`() = story {
        val home = home
        val vault = vault
        Server().use { server ->
            val scanned = server.invite("li")
            // README
            val phone = Phone.join(home, vault, scanned)
            val report = phone.sync()
            println("${report.pushed} sent, ${report.pulled} received, ${phone.notices().size} notices")
            // end
            phone.close()
        }
    }

    @Test
    fun `a way of the app's own`() = story {
        val home = home
        val vault = vault
        Server().use { server ->
            val scanned = server.invite("li")
            // README
            val client = HttpClient.newHttpClient()
            val way = OwnTransport { request ->
                val out = HttpRequest.newBuilder(URI(request.url))
                request.headers.forEach { out.header(it.name, it.value) }
                out.method(request.method, HttpRequest.BodyPublishers.ofByteArray(request.body))
                val answer = withContext(Dispatchers.IO) { client.send(out.build(), HttpResponse.BodyHandlers.ofByteArray()) }
                val headers = answer.headers().map().flatMap { (name, values) -> values.map { WebHeader(name, it) } }
                WebResponse(answer.statusCode().toUShort(), headers, answer.body())
            }
            val phone = Phone.join(home, vault, scanned, transport = way)
            // end
            phone.addPlace(dwelling())
            assertEquals(1uL, phone.sync().pushed)
            phone.close()
        }
    }

    @Test
    fun `the README shows what is compiled here`() {
        val here = File("src/test/kotlin/ironfeet").walk().filter { it.extension == "kt" }.map { it.readText() }
        val compiled = here.flatMap { blocks(it, "// README", "// end") }.toSet()
        val shown = blocks(File("README.md").readText(), "```kotlin", "```").toSet()
        assertEquals(shown, compiled)
        assertTrue(shown.isNotEmpty())
    }

    private fun blocks(text: String, from: String, to: String): List<String> {
        val found = mutableListOf<String>()
        var block: MutableList<String>? = null
        for (line in text.lines().map { it.trim() }) {
            when {
                block != null && line == to -> { found += block.joinToString("\n"); block = null }
                block != null -> block += line
                line == from -> block = mutableListOf()
            }
        }
        return found
    }
}
