package ironfeet

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.MethodOrderer
import org.junit.jupiter.api.Order
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestMethodOrder

/** The stories of `stories.md` with a real server on loopback, in its order. */
@TestMethodOrder(MethodOrderer.OrderAnnotation::class)
class ServerStories {
    @Test
    @Order(18)
    fun `offline first, enrolled later`() = story {
        Server().use { server ->
            begin("li").use { phone ->
                val place = phone.addPlace(dwelling())
                assertEquals("not_enrolled", failure<PhoneException.Refused> { phone.sync() }.code)
                failure<PhoneException.InvalidInput> { phone.enrol("https://example.org") }
                assertEquals("other_person", failure<PhoneException.Refused> { phone.enrol(server.invite("wang")) }.code)
                phone.enrol(server.invite("li"))
                assertEquals(1uL, phone.sync().pushed)
                assertEquals(0, phone.status().pending)
                assertNotNull(phone.status().lastSuccess)
                assertEquals(place, phone.search("东街").single().id)
            }
        }
    }

    @Test
    @Order(19)
    fun `two phones, one place, one conflict`() = story {
        Server().use { server ->
            Device().use { second ->
                val li = join(server.invite("li"))
                val wang = second.join(server.invite("wang"))
                val place = li.addPlace(dwelling())
                li.sync()
                wang.sync()
                assertEquals(place, wang.search("东街").single().id)

                li.setFact(place, "building_type", "砖混")
                wang.setFact(place, "building_type", "框架")
                li.sync()
                wang.sync()
                li.sync()
                val conflict = li.conflicts().single()
                assertEquals("building_type", conflict.field)
                assertEquals("建筑类型", conflict.label)
                assertEquals(setOf("砖混", "框架"), conflict.values.map { it.words }.toSet())
                assertEquals(li.conflicts(), wang.conflicts())

                wang.settle(conflict, conflict.values.single { it.value == "砖混" })
                wang.sync()
                li.sync()
                for (phone in listOf(li, wang)) {
                    assertEquals(emptyList<Conflict>(), phone.conflicts())
                    assertEquals("砖混", phone.place(place).facts.single { it.field == "building_type" }.value)
                    assertTrue(phone.verify().ok)
                    phone.close()
                }
            }
        }
    }

    @Test
    @Order(20)
    fun `a large first download with progress and cancel`() = story {
        Server().use { server ->
            join(server.invite("li")).use { phone ->
                repeat(1200) { phone.addPlace(dwelling("平川市东街${it}号")) }
                while (phone.status().pending > 0) phone.sync()
            }
            Device().use { second ->
                second.join(server.invite("wang")).use { phone ->
                    coroutineScope {
                        val begun = CompletableDeferred<Progress>()
                        val ear = launch { begun.complete(phone.progress.first()) }
                        val sync = launch { phone.sync() }
                        assertTrue(begun.await().documentsTotal >= begun.await().documentsDone)
                        sync.cancel()
                        sync.join()
                        ear.join()
                    }
                    assertTrue(phone.status().places < 1200, "it was too late to stop")
                    while (phone.sync().unfinished) continue
                    assertEquals(1200, phone.status().places)
                    assertTrue(phone.verify().ok)
                }
            }
        }
    }

    @Test
    @Order(21)
    fun `lost network in the middle`() = story {
        val server = Server()
        try {
            join(server.invite("li")).use { phone ->
                phone.addPlace(dwelling("平川市东街1号"))
                phone.sync()
                server.stop()
                phone.addPlace(dwelling("平川市东街2号"))
                failure<PhoneException.Retry> { phone.sync() }
                assertEquals(1, phone.status().pending)
                assertNotNull(phone.status().lastFailure)
                val words = phone.statusWords()
                assertTrue(words[0].startsWith("上次同步未成功："), "$words")
                assertEquals("1 次修改待上传", words[1])
                assertEquals("还可离线工作 71 小时", words[2])
                server.start()
                assertEquals(1uL, phone.sync().pushed)
                assertNull(phone.status().lastFailure)
                assertEquals("所有记录已上传", phone.statusWords()[0])
            }
        } finally {
            server.close()
        }
    }

    @Test
    @Order(22)
    fun `a revoked phone hands in its work`() = story {
        Server().use { server ->
            join(server.invite("li")).use { phone ->
                val place = phone.addPlace(dwelling())
                phone.sync()
                phone.setFact(place, "storeys", "6")
                phone.setFact(place, "building_type", "砖混")
                server.revokeAll()
                val report = phone.sync()
                assertEquals(2uL, report.quarantined)
                assertEquals(2, phone.status().waitingForReview)
                val told = phone.notices()
                assertEquals(listOf("有 2 次修改等待督导员审核，无需重做，可继续工作：本机已停用"), told.map { it.text })
                assertEquals(listOf(place to 2L), told.single().records.map { it.doc to it.count })
                told.forEach { phone.resolve(it) }
                assertEquals("6", phone.place(place).facts.single { it.field == "storeys" }.value)

                val (first, second) = server.tickets()
                server.review("accept", first)
                server.review("discard", second)
                coroutineScope {
                    val heard = async(start = CoroutineStart.UNDISPATCHED) { phone.newNotices.take(2).toList() }
                    phone.sync()
                    val codes = withTimeout(10_000) { heard.await() }.map { it.code }
                    assertEquals(setOf("review_accepted", "review_discarded"), codes.toSet())
                }
                phone.language = Lang.EN
                val outcome = phone.notices().associate { it.code to it.text }
                assertEquals("the review took your change: this phone was revoked", outcome["review_accepted"])
                assertTrue("did not take your change" in outcome["review_discarded"]!!)
                assertEquals(0, phone.status().waitingForReview)
            }
        }
    }

    @Test
    @Order(23)
    fun `a slice in the background`() = story {
        Server().use { server ->
            join(server.invite("li")).use { phone ->
                phone.addPlace(dwelling())
                assertNull(phone.syncSlice(0u), "no time, and yet it was done")
                assertEquals(1, phone.status().pending)
                val report = phone.syncSlice(20_000u)
                assertEquals(1uL, report!!.pushed)
                assertFalse(report.unfinished)
            }
        }
    }

    @Test
    @Order(24)
    fun `a way of the app's own`() = story {
        Server().use { server ->
            val network = Network()
            val first = Phone.join(home, vault, server.invite("li"), transport = network.transport)
            first.use { phone ->
                repeat(1200) { phone.addPlace(dwelling("平川市东街${it}号")) }
                while (phone.status().pending > 0) phone.sync()
            }
            Device().use { second ->
                Phone.join(second.home, second.vault, server.invite("wang"), Lang.EN, network.transport).use { phone ->
                    while (phone.sync().unfinished) continue
                    assertEquals(1200, phone.status().places)
                    assertTrue(phone.verify().ok)
                    network.online = false
                    val why = failure<PhoneException.Retry> { phone.sync() }.why
                    assertEquals("the server cannot be reached: it will be tried again", why)
                    assertEquals(why, phone.status().lastFailure)
                }
            }
            assertTrue(network.carried > 4, "the core went another way")
        }
    }

    @Test
    @Order(25)
    fun `a key in the phone's hardware`() = story {
        Server().use { server ->
            val hardware = PocketSigner()
            Phone.join(home, vault, server.invite("li"), signer = hardware).use { phone ->
                val place = phone.addPlace(dwelling())
                assertEquals(1uL, phone.sync().pushed)
                assertTrue(hardware.signed >= 2, "something else signed")

                phone.setFact(place, "storeys", "6")
                hardware.locked = true
                failure<PhoneException.SignIn> { phone.sync() }
                hardware.locked = false
                assertEquals(1uL, phone.sync().pushed)
            }
            // Another phone has the data, and not the hardware.
            open().use { failure<PhoneException.EnrolAgain> { it.sync() } }

            Phone.open(home, vault, "li", Lang.EN, signer = hardware).use { phone ->
                hardware.lose()
                val place = phone.places().single().id
                phone.setFact(place, "building_type", "砖混")
                val told = failure<PhoneException.EnrolAgain> { phone.sync() }.why
                assertTrue("scan a new enrolment code" in told, told)
                assertEquals(told, phone.status().lastFailure)
                assertEquals(1, phone.status().pending)

                phone.enrol(server.invite("li"))
                assertEquals(1uL, phone.sync().pushed)
                assertEquals(0, phone.status().pending)
                assertTrue(phone.verify().ok)
            }
            Device().use { second ->
                second.join(server.invite("wang")).use { phone ->
                    phone.sync()
                    val facts = phone.place(phone.places().single().id).facts.associate { it.field to it.value }
                    assertEquals("6", facts["storeys"])
                    assertEquals("砖混", facts["building_type"])
                }
            }
        }
    }

    @Test
    @Order(26)
    fun `photo resumed`() = story {
        Server().use { server ->
            val piece = 256L * 1024
            val onePiece = PhotoBudget(freeLineOnly = false, lineIsFree = true, bytesMax = 1uL)
            var visit = ""
            var made = ByteArray(0)
            var second = ""
            val first = Phone.join(home, vault, server.invite("li")).use { phone ->
                visit = phone.startVisit(phone.addPlace(dwelling()), "household")
                val row = phone.addPhoto(visit, grainyPicture())
                made = phone.photoBytes(row.sha256)
                assertTrue(made.size > 2 * piece, "the sample is too small: ${made.size}")
                phone.sync()
                assertTrue(phone.sendPhotos(onePiece).unfinished)
                assertEquals(PhotoState.SENDING, phone.photos().single().state)
                row.sha256
            }
            open().use { phone ->
                assertEquals(piece, phone.photos().single().sent)
                val report = phone.sendPhotos()
                assertEquals(1uL, report.sent)
                assertTrue(report.bytesUp.toLong() <= made.size - piece)
                assertEquals(0, phone.status().photosWaiting)
                second = phone.addPhoto(visit, picture()).sha256
                phone.sync()
            }
            Device().use { other ->
                Phone.join(other.home, other.vault, server.invite("wang"), Lang.EN).use { phone ->
                    while (phone.sync().unfinished) continue
                    assertEquals(listOf(first, second), phone.visit(visit).photos.map { it.sha256 })
                    assertTrue(made.contentEquals(phone.photo(first)))
                    assertTrue(phone.photo(first, thumb = true).size in 1 until made.size / 4)
                    val why = failure<PhoneException.Retry> { phone.photo(second) }.why
                    assertEquals("this photo has not reached the server yet: look again later", why)
                }
            }
        }
    }

    @Test
    @Order(27)
    fun `many hands at once`() = story {
        Server().use { server ->
            join(server.invite("li")).use { phone ->
                val visit = phone.startVisit(phone.addPlace(dwelling()), "household")
                coroutineScope {
                    val writers = (0 until 4).map { hand ->
                        launch(Dispatchers.Default) {
                            repeat(10) { phone.addPlace(dwelling("平川市南街${hand}号${it}室")) }
                        }
                    }
                    val readers = (0 until 2).map { launch(Dispatchers.Default) { repeat(20) { phone.today() } } }
                    val answers = launch(Dispatchers.Default) {
                        repeat(20) { phone.answer(visit, "V-01", if (it % 2 == 0) "routine" else "request") }
                    }
                    val syncs = (0 until 2).map { launch(Dispatchers.Default) { phone.sync() } }
                    val gone = launch(Dispatchers.Default) { while (true) phone.remark(phone.places(1u).single().id, "门口有台阶") }
                    (writers + readers + answers + syncs).joinAll()
                    gone.cancelAndJoin()
                }
                failure<PhoneException.InvalidInput> { phone.note(visit, "很".repeat(1_000_000)) }
                while (phone.status().pending > 0) phone.sync()
                assertEquals(41, phone.status().places)
                assertEquals("request", phone.question(visit, "V-01").answer)
                assertTrue(phone.verify().ok)
                Device().use { second ->
                    second.join(server.invite("wang")).use { other ->
                        while (other.sync().unfinished) continue
                        assertEquals(41, other.status().places)
                        assertEquals("request", other.visit(visit).answers.single { it.item == "V-01" }.value)
                        assertTrue(other.verify().ok)
                    }
                }
            }
        }
    }
}
