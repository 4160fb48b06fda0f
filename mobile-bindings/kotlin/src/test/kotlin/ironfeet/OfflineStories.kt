package ironfeet

import java.io.File
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.MethodOrderer
import org.junit.jupiter.api.Order
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestMethodOrder

/** The stories of `stories.md` that need no network, in its order. */
@TestMethodOrder(MethodOrderer.OrderAnnotation::class)
class OfflineStories {
    @Test
    @Order(1)
    fun `first visit offline`() = story {
        begin().use { phone ->
            val place = phone.addPlace(dwelling())
            assertEquals(listOf(place), phone.search("东街8栋").map { it.id })
            val near = phone.near(33.5902, 119.0202).single()
            assertTrue(near.metres!! in 5.0..20.0, "${near.metres} m")
            assertEquals(Why.FIRST_VISIT, phone.today().single { it.place == place }.why)

            val list = phone.checklists(PlaceKind.DWELLING).single { it.id == "household" }
            val visit = phone.startVisit(place, list.id)
            assertFalse(phone.questions(visit).any { it.item == "HH-A1" }, "asked before anybody was let in")
            phone.answer(visit, "V-02", "entered")
            assertTrue(phone.questions(visit).any { it.item == "HH-A1" })
            phone.answerAll(visit)
            phone.note(visit, "三楼走廊堆放纸箱")
            val done = phone.finish(visit)

            assertTrue(done.finished)
            assertEquals(emptyList<String>(), done.missing)
            assertEquals(listOf("三楼走廊堆放纸箱"), done.notes.map { it.text })
            assertEquals(listOf(visit), phone.place(place).visits.map { it.id })
            assertTrue(phone.status().pending > 0)
            assertTrue(phone.verify().ok)
        }
    }

    @Test
    @Order(2)
    fun `restart in the middle of a visit`() = story {
        val visit = begin().use { phone ->
            val visit = phone.startVisit(phone.addPlace(dwelling()), "household")
            phone.answer(visit, "V-01", "routine")
            phone.answer(visit, "V-02", "entered")
            phone.answer(visit, "HH-A1", "multi")
            visit
        }
        open().use { phone ->
            val draft = phone.visit(visit)
            assertFalse(draft.finished)
            val given = draft.answers.associate { it.item to it.value }
            assertEquals(mapOf("V-01" to "routine", "V-02" to "entered", "HH-A1" to "multi"), given)
            phone.answerAll(visit)
            assertTrue(phone.finish(visit).finished)
        }
    }

    @Test
    @Order(3)
    fun `an S1 finding shows its action card`() = story {
        begin().use { phone ->
            val visit = phone.startVisit(phone.addPlace(dwelling()), "household")
            phone.answer(visit, "V-02", "entered")
            phone.answer(visit, "HH-A2", "piped")
            phone.answer(visit, "HH-A3", "unvent")

            val finding = phone.visit(visit).findings.single()
            assertEquals("HH-A3-F1", finding.code)
            assertEquals(Severity.S1, finding.severity)
            assertEquals("立即停用，开窗通风。", finding.action)
            assertEquals(Deadline(ClockKind.URGENT_HOUR, 4u), finding.deadline)
            assertEquals(Route.CASE, finding.route)
            assertTrue(phone.adviceSlip(visit).any { "立即停用" in it })

            phone.answer(visit, "HH-A2", "elec")
            assertEquals(emptyList<Finding>(), phone.visit(visit).findings)
            assertFalse(phone.visit(visit).answers.any { it.item == "HH-A3" })
        }
    }

    @Test
    @Order(4)
    fun `numbers of people are kept out`() = story {
        begin().use { phone ->
            val visit = phone.startVisit(phone.addPlace(dwelling()), "household")
            val text = "联系 13812345678"
            val refused = failure<PhoneException.PersonalText> { phone.note(visit, text) }
            assertEquals(listOf(PersonalMark(PersonalHint.PHONE, 3u, 14u)), refused.marks)
            assertEquals(refused.marks, screenText(text))
            assertEquals(emptyList<Remark>(), phone.visit(visit).notes)
            phone.note(visit, "下午再来")
            assertEquals(1, phone.visit(visit).notes.size)
        }
    }

    @Test
    @Order(5)
    fun `a wrong answer says what would be right`() = story {
        begin(language = Lang.EN).use { phone ->
            val place = phone.addPlace(dwelling())
            val visit = phone.startVisit(place, "household")
            val wrong = failure<PhoneException.InvalidInput> { phone.answer(visit, "V-02", "maybe") }
            assertEquals("V-02", wrong.field)
            val storeys = failure<PhoneException.InvalidInput> { phone.setFact(place, "storeys", "many") }
            assertEquals("storeys", storeys.field)
            phone.setFact(place, "storeys", "6")
            assertEquals("6", phone.place(place).facts.single { it.field == "storeys" }.value)
        }
    }

    @Test
    @Order(6)
    fun `switch person on a shared phone`() = story {
        val li = begin("li")
        val visit = li.startVisit(li.addPlace(dwelling()), "household")
        li.answer(visit, "V-02", "outside")
        begin("wang").close()

        val wang = li.switchTo("wang")
        assertEquals("wang", wang.person)
        assertEquals(emptyList<TodayRow>(), wang.today())
        failure<PhoneException.SignIn> { li.today() }
        assertEquals(listOf("li", "wang"), people(home))

        wang.switchTo("li").use { back ->
            assertEquals("outside", back.visit(visit).answers.single().value)
        }
    }

    @Test
    @Order(7)
    fun `language switch`() = story {
        begin().use { phone ->
            val visit = phone.startVisit(phone.addPlace(dwelling()), "household")
            phone.answer(visit, "V-02", "entered")
            phone.answer(visit, "HH-A2", "piped")
            phone.answer(visit, "HH-A3", "unvent")
            assertEquals("房屋类型", phone.question(visit, "HH-A1").question)

            phone.language = Lang.EN
            assertEquals("Building type", phone.question(visit, "HH-A1").question)
            assertEquals("Piped gas", phone.question(visit, "HH-A2").choices.first().text)
            assertEquals("Unvented heater in use", phone.visit(visit).findings.single().title)
            assertEquals("unvent", phone.question(visit, "HH-A3").answer)

            phone.language = Lang.ZH
            assertEquals("使用直排式热水器", phone.visit(visit).findings.single().title)
        }
    }

    @Test
    @Order(8)
    fun `app upgrade with an old store`() = story {
        takeOver("store-v1")
        open().use { phone ->
            val place = phone.search("东街8栋").single()
            val visit = phone.place(place.id).visits.single().id
            assertEquals("entered", phone.visit(visit).answers.single { it.item == "V-02" }.value)
            phone.answerAll(visit)
            assertTrue(phone.finish(visit).finished)
            assertTrue(phone.verify().ok)
        }
    }

    @Test
    @Order(9)
    fun `a store newer than the app`() = story {
        takeOver("store-newer")
        val database = folder.walk().single { it.name == "phone.db" }
        val before = database.readBytes()
        val refused = failure<PhoneException.UpdateApp> { open() }
        assertTrue(refused.found > refused.known)
        assertTrue(before.contentEquals(database.readBytes()), "the store was touched")
    }

    @Test
    @Order(10)
    fun `wrong key`() = story {
        val place = begin().use { it.addPlace(dwelling()) }
        val right = vault.storeKey("li")
        vault.put("li", ByteArray(32) { 99 })
        failure<PhoneException.WrongKey> { open() }
        vault.put("li", right)
        open().use { assertEquals(place, it.search("东街").single().id) }
    }

    @Test
    @Order(11)
    fun `a damaged store is saved`() = story {
        val place = begin().use { it.addPlace(dwelling()) }
        val database = folder.walk().single { it.name == "phone.db" }
        val bytes = database.readBytes()
        val middle = bytes.size / 2
        bytes.fill(0x5a, middle, middle + 4096)
        database.writeBytes(bytes)
        open().use { phone ->
            // Opening meets the page when it reads it, else the check does.
            if (phone.recovered() == null) failure<PhoneException.DamagedStore> { phone.verify() }
            val told = phone.recovered()!!
            assertTrue(File(told.movedTo).exists())
            assertEquals(1L, told.documents)
            assertTrue(told.torn.isEmpty())
            assertEquals(place, phone.places().single().id)
            assertTrue(phone.verify().ok)
        }
    }

    @Test
    @Order(12)
    fun `rescue onto another phone`() = story {
        val seal = ByteArray(32) { 7 }
        val file = File(folder, "rescue.bin")
        val visit = begin().use { phone ->
            val visit = phone.startVisit(phone.addPlace(dwelling()), "household")
            phone.answer(visit, "V-02", "entered")
            assertTrue(phone.exportRescue(file, seal).changes > 0u)
            visit
        }
        Device().use { other ->
            other.begin().use { phone ->
                failure<PhoneException.InvalidInput> { phone.importRescue(file, ByteArray(32) { 8 }) }
                assertEquals(2uL, phone.importRescue(file, seal).documents)
                assertEquals("entered", phone.visit(visit).answers.single().value)
                assertEquals(1, phone.search("东街").size)
            }
        }
    }

    @Test
    @Order(13)
    fun `a screen that follows`() = story {
        begin().use { phone ->
            runBlocking {
                val shown = launch { withTimeout(10_000) { phone.watch { today() }.first { it.isNotEmpty() } } }
                phone.addPlace(dwelling())
                shown.join()
                assertFalse(shown.isCancelled)
            }
            assertNull(phone.today().firstOrNull { it.why != Why.FIRST_VISIT })
            // A change in the very moment of the first reading is not missed.
            var reads = 0
            val both = phone.watch {
                val seen = today().size
                if (reads++ == 0) addPlace(dwelling("平川市西街1号"))
                seen
            }
            assertEquals(2, withTimeout(10_000) { both.first { it == 2 } })
        }
    }

    @Test
    @Order(14)
    fun `a fault inside is an error`() = story {
        begin().use { phone ->
            val place = phone.addPlace(dwelling())
            val fault = failure<PhoneException.Internal> { phone.rehearseFault() }
            assertFalse("rehearsed" in fault.toString(), "the text of a fault came out: $fault")
            val inTask = failure<PhoneException.Internal> { phone.rehearseFaultInSync() }
            assertFalse("rehearsed" in inTask.toString(), "the text of a fault came out: $inTask")
            val told = phone.diagnostics()
            assertTrue("last_fault ffi/src/phone/" in told && "rehearsed" !in told, told)
            assertEquals(place, phone.search("东街").single().id)
            phone.setFact(place, "storeys", "6")
            assertTrue(phone.verify().ok)
        }
    }

    @Test
    @Order(15)
    fun `a photo kept in the queue`() = story {
        val photo = picture()
        var made = ByteArray(0)
        val visit = begin().use { phone ->
            val visit = phone.startVisit(phone.addPlace(dwelling()), "household")
            phone.answer(visit, "V-02", "entered")
            phone.answer(visit, "HH-A2", "piped")
            phone.answer(visit, "HH-A3", "unvent")
            val kept = phone.addPhoto(visit, photo, finding = "HH-A3-F1")
            assertEquals(PhotoState.WAITING, kept.state)
            assertEquals("image/jpeg", kept.media)
            failure<PhoneException.InvalidInput> { phone.addPhoto(visit, "no picture".toByteArray()) }
            val heic = byteArrayOf(0, 0, 0, 24) + "ftypheic".toByteArray() + ByteArray(100)
            assertTrue("JPEG" in failure<PhoneException.InvalidInput> { phone.addPhoto(visit, heic) }.why)
            phone.explainMissingPhoto(visit, "HH-A3-F1", "光线太暗")
            made = phone.photoBytes(kept.sha256)
            visit
        }
        open().use { phone ->
            val kept = phone.photos().single()
            assertEquals(PhotoState.WAITING, kept.state)
            assertEquals(1, phone.status().photosWaiting)
            assertEquals("HH-A3-F1", phone.visit(visit).photos.single().finding)
            assertTrue(made.isNotEmpty() && made.contentEquals(phone.photoBytes(kept.sha256)))
            assertEquals(kept, phone.retryPhotos().single())
        }
    }

    @Test
    @Order(16)
    fun `a task from a finding to its check`() = story {
        begin().use { phone ->
            val place = phone.addPlace(dwelling())
            val due = 1_795_395_600_000
            val task = phone.addTask(NewTask(place, "复查热水器", "HH-A3-F1", due))
            assertEquals(due, phone.tasks().single().due)
            assertTrue(phone.today().any { it.place == place })
            phone.checkTask(task, CheckOutcome.FAIL, "仍在使用")
            assertEquals(listOf(task), phone.tasks().map { it.id })
            phone.checkTask(task, CheckOutcome.PASS)
            assertEquals(emptyList<TaskRow>(), phone.tasks())
            assertEquals(listOf(CheckOutcome.FAIL, CheckOutcome.PASS), phone.task(task).checks.map { it.outcome })
        }
    }

    @Test
    @Order(17)
    fun `a request for help without personal data`() = story {
        begin("li.mei").use { phone ->
            val visit = phone.startVisit(phone.addPlace(dwelling()), "household")
            phone.note(visit, "下午再来")
            val said = phone.diagnostics()
            assertTrue("places 1" in said && "drafts 1" in said, said)
            for (secret in listOf("东街", "下午", "li.mei", phone.status().installId)) assertFalse(secret in said, said)
        }
    }
}
