package ironfeet

import java.io.File
import kotlin.coroutines.ContinuationInterceptor
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.MainCoroutineDispatcher
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.SharedFlow
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.onSubscription
import kotlinx.coroutines.withContext

/**
 * One person's work on this phone: everything an app can do, with or without a network.
 *
 * All methods may be called from any thread, the main thread too: they suspend while the disk works. What a
 * method returned is on disk. Failures are [PhoneException]s named by what the app must do.
 * Close it to lock the store; its key is then wiped from memory.
 */
class Phone private constructor(
    private val core: PhoneCore,
    private val ear: Ear,
    private val home: Home,
    private val vault: KeyVault,
    private val transport: Transport?,
    private val signer: Signer?,
) : AutoCloseable {
    private val desk: CoroutineDispatcher = Dispatchers.IO.limitedParallelism(1)

    /** Emits when something that a screen may show has changed: by this phone, or by a sync. */
    val changes: SharedFlow<Unit> get() = ear.changes

    /** How far the running sync has come. */
    val progress: SharedFlow<Progress> get() = ear.progress

    /** How far the photos on their way have come. */
    val photoProgress: SharedFlow<PhotoProgress> get() = ear.photos

    /**
     * What the syncs of this process bring: refused, waiting for review, decided. For a message at once; [notices] has
     * each until it is put away.
     */
    val newNotices: SharedFlow<Notice> get() = ear.notices

    /** Reads now, and again whenever something changed: `phone.watch { today() }`. No change is missed in between. */
    fun <T> watch(read: suspend Phone.() -> T): Flow<T> = changes.onSubscription { emit(Unit) }.map { read() }

    /** The language of questions, findings and messages. */
    var language: Lang
        get() = core.language()
        set(value) {
            core.setLanguage(value)
            ear.changed()
        }

    /** Whose store this is. */
    val person: String get() = core.person()

    // Places

    /** Adds a place; gives its id. */
    suspend fun addPlace(place: NewPlace): String = work { placeAdd(place) }

    /** A place with its facts, visits, open findings and conflicts. */
    suspend fun place(id: String): PlaceView = work { place(id) }

    /** Places whose address, name or findings hold the text, best first. */
    suspend fun search(text: String, limit: UInt = 50u): List<PlaceRow> = work { search(text, limit) }

    /** Places around a position (degrees, WGS 84), nearest first. */
    suspend fun near(lat: Double, lon: Double, limit: UInt = 50u): List<PlaceRow> = work { near(lat, lon, limit) }

    /** Places in the order this phone learned them. */
    suspend fun places(limit: UInt = 200u): List<PlaceRow> = work { places(limit) }

    /** Writes one fact of a place, as a person types it. */
    suspend fun setFact(place: String, field: String, value: String) = work { placeSet(place, field, value) }

    /** Adds a remark to a place. */
    suspend fun remark(place: String, text: String) = work { placeRemark(place, text) }

    /** Where to go today, most urgent first. */
    suspend fun today(): List<TodayRow> = work { today() }

    // Visits

    /** The checklists for a kind of place. */
    suspend fun checklists(kind: PlaceKind): List<ChecklistRow> = work { checklists(kind) }

    /** Begins a visit; gives its id. A quick one asks only quick items and open findings. */
    suspend fun startVisit(place: String, checklist: String, quick: Boolean = false): String =
        work { visitStart(place, checklist, quick) }

    /** The questions asked now, in order. Ask again after every answer: an answer may open or hide others. */
    suspend fun questions(visit: String): List<Question> = work { questions(visit) }

    /** Saves an answer, durably. Several choices are separated by commas. */
    suspend fun answer(visit: String, item: String, value: String) = work { answer(visit, item, value) }

    /** Adds a note to a visit. */
    suspend fun note(visit: String, text: String) = work { note(visit, text) }

    /** A visit as it stands: answers, notes, photos, findings (live in a draft), what is missing. */
    suspend fun visit(id: String): VisitView = work { visit(id) }

    /** Visits begun and not finished, oldest first. */
    suspend fun drafts(): List<VisitRow> = work { drafts() }

    /** Finishes a visit and fixes its findings. */
    suspend fun finish(visit: String): VisitView = work { finish(visit) }

    /** The advice slip of a visit in the person's language, line by line, to be shown or printed. */
    suspend fun adviceSlip(visit: String): List<String> = work { adviceSlip(visit) }

    // Photos

    /**
     * Adds a photo (JPEG, PNG, WebP; up to 20 MB) to a visit, sealed on disk; also after the finish. It is turned
     * upright, made smaller and stripped of everything but the picture. HEIC: decode it and hand in JPEG.
     */
    suspend fun addPhoto(visit: String, photo: ByteArray, finding: String? = null): PhotoRow =
        longWork { photoAdd(visit, photo, finding) }

    /** Says why a finding has no photo. */
    suspend fun explainMissingPhoto(visit: String, finding: String, reason: String) =
        work { photoReason(visit, finding, reason) }

    /** The photos on this phone and how far each has travelled. */
    suspend fun photos(): List<PhotoRow> = work { photos() }

    /** Puts photos that failed back into the queue. */
    suspend fun retryPhotos(): List<PhotoRow> = work { photoRetry() }

    /** The bytes of a photo taken on this phone. */
    suspend fun photoBytes(sha256: String): ByteArray = longWork { photoBytes(sha256) }

    /** A photo of any phone, or a small picture of it: from here where it is, else from the server. */
    suspend fun photo(sha256: String, thumb: Boolean = false): ByteArray = core.photoGet(sha256, thumb)

    /**
     * Sends photos that wait, oldest first; call it after [sync]. One that fails rests, or is given up with its
     * reason in [photos], and the next one goes. Cancel the coroutine to stop it: it goes on where it was.
     */
    suspend fun sendPhotos(budget: PhotoBudget = PhotoBudget(freeLineOnly = false, lineIsFree = true, bytesMax = null)) =
        Stop().use { core.photoSend(budget, it) }

    // Findings, conflicts, tasks

    /** Findings, gravest first; only those still open unless told otherwise. */
    suspend fun findings(openOnly: Boolean = true): List<FindingRow> = work { findings(openOnly) }

    /** Fields with more than one value, waiting for a person to choose. */
    suspend fun conflicts(): List<Conflict> = work { conflicts() }

    /** Chooses one of the values of a conflict. */
    suspend fun settle(conflict: Conflict, choice: ConflictValue) =
        work { settle(conflict.doc, conflict.container, conflict.field, choice.change) }

    /** Notices to this person: refused, waiting for review, decided. */
    suspend fun notices(openOnly: Boolean = true): List<Notice> = work { notices(openOnly) }

    /** Puts a notice away. */
    suspend fun resolve(notice: Notice) = work { noticeResolve(notice.id) }

    /** The tasks on this phone. */
    suspend fun tasks(openOnly: Boolean = true): List<TaskRow> = work { tasks(openOnly) }

    /** A task with its checks and remarks. */
    suspend fun task(id: String): TaskView = work { task(id) }

    /** Adds a task; gives its id. */
    suspend fun addTask(task: NewTask): String = work { taskAdd(task) }

    /** Writes down what a check on site showed. */
    suspend fun checkTask(task: String, outcome: CheckOutcome, note: String = "") =
        work { taskCheck(task, outcome, note) }

    /** Moves a task on without a check. */
    suspend fun setTaskStatus(task: String, status: TaskStatus) = work { taskStatus(task, status) }

    // Network

    /**
     * Enrols a phone that was set up without a server, or whose key is gone ([PhoneException.EnrolAgain]), by the
     * scanned text; its work so far goes with the next sync.
     */
    suspend fun enrol(qr: String) = core.enrol(home, qr)

    /**
     * Sends what waits and takes in what is new; answers may be saved meanwhile. Cancel the coroutine to stop it:
     * what came before is kept, and the next sync goes on from there.
     */
    suspend fun sync(): SyncReport = Stop().use { core.sync(it) }

    /** A sync for the background that ends when its time is over; `null` when something is left. */
    suspend fun syncSlice(milliseconds: ULong): SyncReport? = core.syncSlice(milliseconds)

    // The phone itself

    /** What was saved, when this opening or a call since met a damaged file. Tell the person. */
    suspend fun recovered(): Recovered? = work { recovered() }

    /** How much is here, what waits, what went wrong last, in words. */
    suspend fun status(): Status = work { status() }

    /** How the phone stands in words, line by line, what asks for an act first. */
    suspend fun statusWords(): List<String> = work { statusWords() }

    /** Reads every record strictly and tells whether all is whole. May take seconds. */
    suspend fun verify(): VerifyReport = longWork { verify() }

    /** Counts and versions for a support request; no answer, name or address is in it. */
    suspend fun diagnostics(): String = work { diagnostics() }

    /** Writes all unsent work to a file sealed with this 32-byte key; tells how much. */
    suspend fun exportRescue(file: File, sealKey: ByteArray): Rescued = longWork { rescueExport(file.path, sealKey) }

    /** Takes in a rescue file of this or another phone; tells how much. */
    suspend fun importRescue(file: File, sealKey: ByteArray): Rescued = longWork { rescueImport(file.path, sealKey) }

    /** Fails as a fault inside the core would: always [PhoneException.Internal]. For the app's own tests; the store stays whole. */
    suspend fun rehearseFault() = work { rehearseFault() }

    /** The same in the core's own task, where a sync runs. */
    suspend fun rehearseFaultInSync() = core.rehearseFaultInSync()

    /** For quiet moments, such as the app going to the background; never needed for safety. */
    suspend fun tend() = longWork { tend() }

    /** Locks this store and opens another person's on the same phone. Unsent work of both stays where it is. */
    suspend fun switchTo(person: String): Phone {
        val language = language
        close()
        return open(home, vault, person, language, transport, signer)
    }

    /** Locks the store. Every later call fails with [PhoneException.SignIn]. */
    override fun close() = core.lock()

    /**
     * A call of a millisecond or so. From a main thread it goes to the desk; any other thread makes it itself, which
     * spares two changes of thread.
     */
    private suspend fun <T> work(call: PhoneCore.() -> T): T {
        val context = currentCoroutineContext()
        val here = context[ContinuationInterceptor]
        if (here == null || here is MainCoroutineDispatcher) return longWork(call)
        context.ensureActive()
        return core.call()
    }

    /** A call that may take seconds: always at the desk. */
    private suspend fun <T> longWork(call: PhoneCore.() -> T): T = withContext(desk) { core.call() }

    companion object {
        /**
         * Opens the store of a person who has worked on this phone before. A [transport] is only for apps that must
         * reach the server by a way of their own, a [signer] for those whose hardware shall hold the device's key;
         * so it is with [begin] and [join]. Who enrolled with a signer gives it ever after.
         */
        suspend fun open(
            home: Home,
            vault: KeyVault,
            person: String,
            language: Lang = Lang.ZH,
            transport: Transport? = null,
            signer: Signer? = null,
        ): Phone = made(home, vault, transport, signer) { PhoneCore.open(home, vault, it, transport, signer, person, language) }

        /** Makes the store of a person new to this phone; works without a network. */
        suspend fun begin(
            home: Home,
            vault: KeyVault,
            post: Post,
            language: Lang = Lang.ZH,
            transport: Transport? = null,
            signer: Signer? = null,
        ): Phone = made(home, vault, transport, signer) { PhoneCore.begin(home, vault, it, transport, signer, post, language) }

        /** Makes the store of the person whose enrolment text was scanned; the server says post and grids. */
        suspend fun join(
            home: Home,
            vault: KeyVault,
            qr: String,
            language: Lang = Lang.ZH,
            transport: Transport? = null,
            signer: Signer? = null,
        ): Phone = made(home, vault, transport, signer) { PhoneCore.join(home, vault, it, transport, signer, qr, language) }

        private suspend fun made(
            home: Home,
            vault: KeyVault,
            transport: Transport?,
            signer: Signer?,
            make: suspend (Ear) -> PhoneCore,
        ): Phone = withContext(Dispatchers.IO) {
            val ear = Ear()
            Phone(make(ear), ear, home, vault, transport, signer)
        }
    }
}
