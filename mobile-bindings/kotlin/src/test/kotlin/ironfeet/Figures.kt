package ironfeet

import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
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
            val rss = mutableListOf(rssKb())
            // The first hundred thousand warm up: compiled code, the allocators' own pools.
            repeat(15) { round ->
                repeat(20_000) { phone.place(place) }
                rss += rssKb()
                tell("rss_after_${(round + 1) * 20}k_kb", rss.last().toDouble())
            }
            val grown = rss[10] - rss[5] to rss[15] - rss[10]
            tell("rss_grown_second_100k_kb", grown.first.toDouble())
            tell("rss_grown_third_100k_kb", grown.second.toDouble())
            assertTrue(grown.first < 16_000 && grown.second < 16_000, "grew by $grown kB")
        }
    }

    /** Where an answer's time goes: the generated call alone on this thread, with and without an ear of this side. */
    @Test
    fun `parts of an answer`() = story {
        val post = Post("li", Role.INSPECTOR, listOf(GRID))
        PhoneCore.begin(home, vault, Ear(), null, null, post, Lang.ZH).use { core ->
            val visit = core.visitStart(core.placeAdd(dwelling()), "household", false)
            tell("answer_core_ms", median(400) { core.answer(visit, "V-01", if (it % 2 == 0) "routine" else "request") })
            tell("language_core_ms", median(4000) { core.language() })
            tell("person_core_ms", median(4000) { core.person() })
            tell("text_core_ms", median(4000) { screenText("三楼走廊堆放纸箱") })
        }
        val desk = Dispatchers.IO.limitedParallelism(1)
        tell("hop_ms", median(4000) { withContext(desk) {} })
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
