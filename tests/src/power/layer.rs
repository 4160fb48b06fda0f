//! The layer between SQLite and the operating system: hands every call on, and tells the journal.
//!
//! It becomes the default of the process when the first folder is watched. Files of other folders pass
//! through untouched. SQLite's interface is C: this is the one place of the tests with `unsafe` in it.

#![expect(unsafe_code, reason = "SQLite's file layer is a table of C functions")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Arc, Mutex, Once, PoisonError};

use rusqlite::ffi;

use super::{Event, Shared, locked};

/// Folders being watched.
static WATCHED: Mutex<BTreeMap<PathBuf, Shared>> = Mutex::new(BTreeMap::new());
static INSTALLED: Once = Once::new();
/// The system's own layer, set once before ours is installed.
static SYSTEM: Mutex<usize> = Mutex::new(0);

pub(super) fn watch(dir: &Path, journal: &Shared) {
    INSTALLED.call_once(install);
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.insert(dir.to_owned(), Arc::clone(journal));
}

pub(super) fn forget(dir: &Path) {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner).remove(dir);
}

/// Folder's journal and the file's name in it, for a path that is watched.
fn watched(path: *const c_char) -> Option<(Shared, String)> {
    if path.is_null() {
        return None;
    }
    // SAFETY: SQLite hands a path that ends in a zero byte and outlives the call.
    let path = Path::new(unsafe { CStr::from_ptr(path) }.to_str().ok()?);
    let dir = path.parent()?.canonicalize().ok()?;
    let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    Some((Arc::clone(watched.get(&dir)?), path.file_name()?.to_str()?.to_owned()))
}

fn system() -> *mut ffi::sqlite3_vfs {
    *SYSTEM.lock().unwrap_or_else(PoisonError::into_inner) as *mut ffi::sqlite3_vfs
}

fn install() {
    // SAFETY: the system's layer lives as long as the process; ours is a copy of its table that is
    // leaked on purpose, with two functions and the size of a file replaced.
    unsafe {
        let system = ffi::sqlite3_vfs_find(ptr::null());
        *SYSTEM.lock().unwrap_or_else(PoisonError::into_inner) = system as usize;
        let mut layer = *system;
        layer.zName = c"journalled".as_ptr();
        layer.szOsFile = size_of::<Open>() as c_int + (*system).szOsFile;
        layer.xOpen = Some(open);
        layer.xDelete = Some(delete);
        layer.pNext = ptr::null_mut();
        let layer = Box::leak(Box::new(layer));
        assert_eq!(ffi::sqlite3_vfs_register(layer, 1), ffi::SQLITE_OK, "a layer can be added");
    }
}

/// An open file: SQLite's part first; the system's own file follows in the same memory.
#[repr(C, align(8))]
struct Open {
    face: ffi::sqlite3_file,
    /// A boxed journal and number, or null for a file nobody watches.
    told: *mut (Shared, usize),
}

/// The system's file behind ours.
///
/// # Safety
/// `file` was opened by [`open`].
unsafe fn inner(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: SQLite gave `szOsFile` bytes, of which ours are the first.
    unsafe { file.cast::<Open>().add(1).cast() }
}

/// Tells the journal of a watched file.
///
/// # Safety
/// `file` was opened by [`open`].
unsafe fn tell(file: *mut ffi::sqlite3_file, event: impl FnOnce(usize) -> Event) {
    // SAFETY: `told` is null or a box that lives until the file is closed.
    if let Some((journal, number)) = unsafe { (*file.cast::<Open>()).told.as_ref() } {
        let mut journal = locked(journal);
        if !journal.counts_only {
            journal.events.push(event(*number));
        }
    }
}

/// Whether the disk of a watched file has room for a write.
///
/// # Safety
/// `file` was opened by [`open`].
unsafe fn has_room(file: *mut ffi::sqlite3_file) -> bool {
    // SAFETY: `told` is null or a box that lives until the file is closed.
    unsafe { (*file.cast::<Open>()).told.as_ref() }
        .is_none_or(|(journal, _)| locked(journal).takes())
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let system = system();
    // SAFETY: the table is the system's, the memory is as large as we said, both live on.
    unsafe {
        let ours = file.cast::<Open>();
        (*ours).face.pMethods = ptr::null();
        (*ours).told = ptr::null_mut();
        let real = inner(file);
        (*real).pMethods = ptr::null();
        let call = (*system).xOpen.expect("every layer opens files");
        let code = call(system, path, real, flags, out);
        if !(*real).pMethods.is_null() {
            (*ours).face.pMethods = &METHODS;
        }
        if code == ffi::SQLITE_OK
            && let Some((journal, name)) = watched(path)
        {
            let number = locked(&journal).open(&name);
            (*ours).told = Box::into_raw(Box::new((journal, number)));
        }
        code
    }
}

unsafe extern "C" fn delete(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    durable: c_int,
) -> c_int {
    let system = system();
    // SAFETY: the call is handed on as it came.
    let code =
        unsafe { (*system).xDelete.expect("every layer removes files")(system, path, durable) };
    if code == ffi::SQLITE_OK
        && let Some((journal, name)) = watched(path)
    {
        locked(&journal).remove(&name, durable != 0);
    }
    code
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once; the box is ours.
    unsafe {
        let told = std::mem::replace(&mut (*file.cast::<Open>()).told, ptr::null_mut());
        if !told.is_null() {
            drop(Box::from_raw(told));
        }
        pass_close(file)
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    len: c_int,
    at: i64,
) -> c_int {
    // SAFETY: SQLite hands `len` bytes that outlive the call.
    unsafe {
        if !has_room(file) {
            return ffi::SQLITE_FULL;
        }
        let code = pass_write(file, bytes, len, at);
        if code == ffi::SQLITE_OK {
            let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), len as usize).to_vec();
            tell(file, |file| Event::Write { file, at: at as usize, bytes });
        }
        code
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: handed on as it came.
    unsafe {
        let code = pass_truncate(file, size);
        if code == ffi::SQLITE_OK {
            tell(file, |file| Event::Cut { file, size: size as usize });
        }
        code
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: handed on as it came.
    unsafe {
        let code = pass_sync(file, flags);
        if code == ffi::SQLITE_OK {
            tell(file, |file| Event::Sync { file });
        }
        code
    }
}

/// Functions that hand a call on to the system's file.
macro_rules! pass {
    ($($name:ident $method:ident ($($arg:ident: $type:ty),*) $(-> $back:ty)?;)*) => {$(
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $arg: $type)*) $(-> $back)? {
            // SAFETY: the file was opened by `open`, the arguments are handed on as they came.
            unsafe {
                let real = inner(file);
                let call = (*(*real).pMethods).$method.expect("the system's files can do this");
                call(real $(, $arg)*)
            }
        }
    )*};
}

pass! {
    pass_close xClose() -> c_int;
    pass_write xWrite(bytes: *const c_void, len: c_int, at: i64) -> c_int;
    pass_truncate xTruncate(size: i64) -> c_int;
    pass_sync xSync(flags: c_int) -> c_int;
    read xRead(bytes: *mut c_void, len: c_int, at: i64) -> c_int;
    file_size xFileSize(size: *mut i64) -> c_int;
    lock xLock(level: c_int) -> c_int;
    unlock xUnlock(level: c_int) -> c_int;
    check_lock xCheckReservedLock(out: *mut c_int) -> c_int;
    control xFileControl(op: c_int, arg: *mut c_void) -> c_int;
    sector_size xSectorSize() -> c_int;
    traits xDeviceCharacteristics() -> c_int;
    shm_map xShmMap(page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int;
    shm_lock xShmLock(offset: c_int, n: c_int, flags: c_int) -> c_int;
    shm_barrier xShmBarrier();
    shm_unmap xShmUnmap(delete: c_int) -> c_int;
}

/// Without `xFetch`: pages are read and written, never mapped.
static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_lock),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(traits),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
