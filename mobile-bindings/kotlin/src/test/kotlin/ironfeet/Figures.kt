package ironfeet

import java.io.File
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable

/** What the bridge costs; run by `figures.sh` beside the same calls in Rust and Swift. */
@EnabledIfEnvironmentVariable(named = "IRONFEET_FIGURES", matches = "1")
class Figures {
    @Test
    fun figures() = story {
        begin().use { phone ->
            for (n in 0 until 500) phone.addPlace(dwelling("平川市东街${n}号"))
            val visit = phone.startVisit(phone.near(33.59, 119.02, 1u).single().id, "household")
            tell("list_500_ms", median(60) { check(phone.near(33.59, 119.02, 500u).size == 500) })
            tell("answer_ms", median(400) { phone.answer(visit, "V-01", if (it % 2 == 0) "routine" else "request") })
            val place = phone.near(33.59, 119.02, 1u).single().id
            repeat(20_000) { phone.place(place) }
            val before = rssKb()
            repeat(100_000) { phone.place(place) }
            val grown = rssKb() - before
            tell("rss_grown_100k_kb", grown.toDouble())
            assertTrue(grown < 16_000, "grew by $grown kB")
        }
    }

    private suspend fun median(times: Int, act: suspend (Int) -> Unit): Double {
        repeat(times / 2) { act(it) }
        val took = (0 until times).map {
            val from = System.nanoTime()
            act(it)
            (System.nanoTime() - from) / 1e6
        }
        return took.sorted()[times / 2]
    }

    private fun rssKb(): Long {
        System.gc()
        val pages = File("/proc/self/statm").readText().split(" ")[1].toLong()
        return pages * 4
    }

    private fun tell(what: String, value: Double) =
        File(System.getenv("IRONFEET_FIGURES_OUT")).appendText("kotlin $what %.3f\n".format(value))
}
