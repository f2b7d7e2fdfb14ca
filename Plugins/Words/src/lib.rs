//! A plugin in Rust, without bindings that something else made: counts the words of a text.
//!
//!   count  lines, words and bytes of the body, as JSON; counted on a thread of its own
mod contract;

use contract::*;
use std::ffi::{c_char, c_void};
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicPtr, Ordering};

// ---- the note: read from the file before any code of it runs -----------------------------------------------------

const NOTE_TEXT: &str = concat!("abi=1.1;lang=rust;sdk=none;cc=", env!("COMPILER"));
const NOTE_SIZE: usize = NOTE_TEXT.len().div_ceil(4) * 4;

#[repr(C, align(4))]
struct Note {
    name_size: u32,
    descriptor_size: u32,
    kind: u32,
    name: [u8; 8],
    descriptor: [u8; NOTE_SIZE],
}

const fn padded(text: &str) -> [u8; NOTE_SIZE] {
    let mut bytes = [0; NOTE_SIZE];
    let mut at = 0;
    while at < text.len() {
        bytes[at] = text.as_bytes()[at];
        at += 1;
    }
    bytes
}

#[used]
#[link_section = ".note.gateway"]
static NOTE: Note = Note {
    name_size: 8,
    descriptor_size: NOTE_SIZE as u32,
    kind: 1,
    name: *b"Gateway\0",
    descriptor: padded(NOTE_TEXT),
};

// ---- the host ----------------------------------------------------------------------------------------------------

/// Stored once, before anything else of the plugin runs; valid for the life of the process.
static HOST: AtomicPtr<Host> = AtomicPtr::new(std::ptr::null_mut());

fn host() -> &'static Host {
    unsafe { &*HOST.load(Ordering::Acquire) }
}

fn respond(call: Call, json: &str) {
    let fields = [Field { name: Bytes::of("content-type"), value: Bytes::of("application/json") }];
    let response = Response {
        struct_size: std::mem::size_of::<Response>() as u32,
        status: 200,
        flags: 0,
        fields: fields.as_ptr(),
        field_count: fields.len(),
        body: Bytes::lent(json.as_bytes()),
    };
    // Read before it returns. What became of it matters to nobody here.
    unsafe { (host().respond)(call, &response) };
}

fn fail(call: Call, description: &'static str) {
    let error = Error {
        struct_size: std::mem::size_of::<Error>() as u32,
        status: 0,
        flags: 0,
        detail_json: Bytes::EMPTY,
        fields: std::ptr::null(),
        field_count: 0,
        kind: Bytes::of("WordsError"),
        description: Bytes::of(description),
    };
    unsafe { (host().fail)(call, &error) };
}

// ---- the handler -------------------------------------------------------------------------------------------------

fn counted(text: &[u8]) -> String {
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
    format!(r#"{{"lines":{lines},"words":{words},"bytes":{}}}"#, text.len())
}

/// Asynchronous: on the event loop, completed later by another thread. What the invocation lends stays valid until then, so
/// the body is not copied.
unsafe extern "C" fn count(_context: *mut c_void, invocation: *const Invocation) -> *mut c_void {
    let call = (*invocation).call;
    let body: &'static [u8] = (*(*invocation).request).body.as_slice();
    let spawned = std::thread::Builder::new().name("words".into()).spawn(move || {
        // A panic that left this thread's function would leave the invocation open for ever; one that left a function which
        // the gateway has called would end the process.
        match catch_unwind(|| counted(body)) {
            Ok(json) => respond(call, &json),
            Err(_) => fail(call, "counting panicked"),
        }
    });
    if spawned.is_err() {
        fail(call, "no thread");
    }
    std::ptr::null_mut()
}

// ---- what the plugin is ------------------------------------------------------------------------------------------

static COUNT: Handler = Handler {
    struct_size: std::mem::size_of::<Handler>() as u32,
    execution: ASYNC,
    name: c"count".as_ptr() as *const c_char,
    invoke: count,
    context: std::ptr::null_mut(),
    needs: std::ptr::null(),
    need_count: 0,
    declaration: Bytes::of(
        r#"{"summary":"Counts lines, words and bytes.","responses":{"200":{"schema":{"type":"object"}}}}"#,
    ),
};

struct Handlers([*const Handler; 1]);
unsafe impl Sync for Handlers {}
static HANDLERS: Handlers = Handlers([&COUNT]);

static PLUGIN: Plugin = Plugin {
    struct_size: std::mem::size_of::<Plugin>() as u32,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    name: c"words".as_ptr() as *const c_char,
    version: c"1.0.0".as_ptr() as *const c_char,
    handlers: HANDLERS.0.as_ptr(),
    handler_count: 1,
    providers: std::ptr::null(),
    provider_count: 0,
    config_schema: Bytes::EMPTY,
    start: None,
    stop: None,
    context: std::ptr::null_mut(),
    cancel: None,
    release_token: None,
    schemas: Bytes::EMPTY,
};

/// Called once, on the start-up thread.
///
/// # Safety
/// `gateway` is the host's table, which stays for the life of the process.
#[no_mangle]
pub unsafe extern "C" fn gateway_plugin_v1(gateway: *const Host) -> *const Plugin {
    HOST.store(gateway as *mut Host, Ordering::Release);
    &PLUGIN
}
