package ironfeet

import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.util.Base64
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext

/** The grid all stories play in. */
internal const val GRID = "329901001012001"

/** Keys as a test app keeps them: in memory, one for each person. */
internal class PocketVault(private val keys: MutableMap<String, ByteArray> = mutableMapOf()) : KeyVault {
    private var next = 0

    @Synchronized
    override fun storeKey(person: String): ByteArray = keys.getOrPut(person) { ByteArray(32) { (++next).toByte() } }

    @Synchronized
    fun put(person: String, key: ByteArray) {
        keys[person] = key
    }
}

/** A device: a folder and a vault. Deleted when the story is over. */
internal class Device : AutoCloseable {
    val folder: File = Files.createTempDirectory("ironfeet-story").toFile()
    val home = Home(folder.path)
    val vault = PocketVault()

    suspend fun begin(person: String = "li", language: Lang = Lang.ZH): Phone =
        Phone.begin(home, vault, Post(person, Role.INSPECTOR, listOf(GRID)), language)

    suspend fun join(qr: String): Phone = Phone.join(home, vault, qr)

    suspend fun open(person: String = "li", language: Lang = Lang.ZH): Phone = Phone.open(home, vault, person, language)

    override fun close() {
        folder.deleteRecursively()
    }
}

/** Tells a story on a fresh device. */
internal fun story(tell: suspend Device.() -> Unit) = Device().use { device -> runBlocking { device.tell() } }

/** A dwelling as the stories use it. */
internal fun dwelling(address: String = "平川市东街8栋2单元1203室") =
    NewPlace(PlaceKind.DWELLING, address, 33.5901, 119.0202, GRID, emptyList())

/** Answers everything that must be answered: what the story says, and else the calmest choice. */
internal suspend fun Phone.answerAll(visit: String, told: Map<String, String> = emptyMap()) {
    while (true) {
        val open = questions(visit).firstOrNull { it.required && it.answer == null } ?: return
        answer(visit, open.item, told[open.item] ?: open.calm())
    }
}

private fun Question.calm(): String = when (kind) {
    AnswerKind.CHECK -> "ok"
    AnswerKind.YESNO -> "c_no"
    AnswerKind.SINGLE -> choices.first().code
    AnswerKind.MULTI -> (choices.firstOrNull { it.alone } ?: choices.first()).code
    AnswerKind.INT, AnswerKind.DECIMAL -> "1"
    AnswerKind.DATE -> "2026-11-23"
    AnswerKind.NOTICE -> "yes"
    else -> "无"
}

/** One question of those asked now. */
internal suspend fun Phone.question(visit: String, item: String): Question = questions(visit).single { it.item == item }

/** Runs what must fail, and gives the failure. */
internal inline fun <reified E : Throwable> failure(act: () -> Unit): E {
    try {
        act()
    } catch (e: Throwable) {
        if (e is E) return e
        throw AssertionError("expected ${E::class.simpleName}, got $e", e)
    }
    throw AssertionError("expected ${E::class.simpleName}, nothing failed")
}

/** Puts a store kept in `mobile-bindings/fixtures` in place of this device's. Its key is 32 bytes of 0x2a. */
internal fun Device.takeOver(fixture: String) {
    File("../fixtures/$fixture").copyRecursively(folder, overwrite = true)
    vault.put("li", ByteArray(32) { 0x2a })
}

/** The smallest picture: one pixel, as PNG. */
internal fun picture(): ByteArray = Base64.getDecoder().decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
)

/** A picture that stays large: 700 pixels square of noise, as PNG. The same every time. */
internal fun grainyPicture(): ByteArray {
    val random = java.util.Random(7)
    val image = java.awt.image.BufferedImage(700, 700, java.awt.image.BufferedImage.TYPE_INT_RGB)
    for (y in 0 until 700) for (x in 0 until 700) image.setRGB(x, y, random.nextInt())
    return java.io.ByteArrayOutputStream().also { javax.imageio.ImageIO.write(image, "png", it) }.toByteArray()
}

/** The app's own HTTP client; its network can be switched off. */
internal class Network {
    private val client = HttpClient.newHttpClient()

    @Volatile
    var online = true

    @Volatile
    var carried = 0

    val transport = OwnTransport { request ->
        if (!online) throw TransportFailure.Offline()
        val body = HttpRequest.BodyPublishers.ofByteArray(request.body)
        val out = HttpRequest.newBuilder(URI(request.url)).method(request.method, body)
        for (header in request.headers) out.header(header.name, header.value)
        carried += 1
        val answer = withContext(Dispatchers.IO) { client.send(out.build(), HttpResponse.BodyHandlers.ofByteArray()) }
        val headers = answer.headers().map().map { (name, values) -> WebHeader(name, values.first()) }
        WebResponse(answer.statusCode().toUShort(), headers, answer.body())
    }
}
