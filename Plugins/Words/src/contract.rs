//! `gateway_plugin.h` as far as this plugin uses it, by hand. Members that a structure has and the plugin leaves out are
//! kept as bytes, so that sizes and offsets agree; the checks at the end hold them.
#![allow(dead_code)]

use std::ffi::{c_char, c_void};

pub const ABI_MAJOR: u16 = 1;
/// The oldest contract that has everything used here. The gateway takes plugins of an older minor.
pub const ABI_MINOR: u16 = 1;

pub const INLINE: u32 = 0;
pub const ASYNC: u32 = 1;
pub const BLOCKING: u32 = 2;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    pub bytes: *const u8,
    pub count: usize,
}

impl Bytes {
    pub const EMPTY: Bytes = Bytes { bytes: std::ptr::null(), count: 0 };

    pub const fn of(text: &'static str) -> Bytes {
        Bytes { bytes: text.as_ptr(), count: text.len() }
    }

    pub fn lent(bytes: &[u8]) -> Bytes {
        Bytes { bytes: bytes.as_ptr(), count: bytes.len() }
    }

    /// # Safety
    /// What was lent must still be lent. `bytes` is null only where `count` is 0.
    pub unsafe fn as_slice<'a>(self) -> &'a [u8] {
        if self.count == 0 { &[] } else { std::slice::from_raw_parts(self.bytes, self.count) }
    }
}

#[repr(C)]
pub struct Field {
    pub name: Bytes,
    pub value: Bytes,
}

/// Copied freely, completed once, from any thread.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Call {
    pub slot: *mut c_void,
    pub generation: u64,
}

// The contract: functions of the host may be called from any thread.
unsafe impl Send for Call {}

#[repr(C)]
pub struct Request {
    pub struct_size: u32,
    pub flags: u32,
    pub method: Bytes,
    pub path: Bytes,
    pub query: Bytes,
    pub body: Bytes,
}

/// The first members; the host's structure goes on.
#[repr(C)]
pub struct Invocation {
    pub struct_size: u32,
    pub event_loop: u32,
    pub call: Call,
    pub request: *const Request,
}

pub type Function = unsafe extern "C" fn(context: *mut c_void, invocation: *const Invocation) -> *mut c_void;

#[repr(C)]
pub struct Handler {
    pub struct_size: u32,
    pub execution: u32,
    pub name: *const c_char,
    pub invoke: Function,
    pub context: *mut c_void,
    pub needs: *const c_void,
    pub need_count: usize,
    pub declaration: Bytes,
}

#[repr(C)]
pub struct Plugin {
    pub struct_size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub name: *const c_char,
    pub version: *const c_char,
    pub handlers: *const *const Handler,
    pub handler_count: usize,
    pub providers: *const c_void,
    pub provider_count: usize,
    pub config_schema: Bytes,
    pub start: Option<Function>,
    pub stop: Option<Function>,
    pub context: *mut c_void,
    pub cancel: Option<unsafe extern "C" fn(*mut c_void)>,
    pub release_token: Option<unsafe extern "C" fn(*mut c_void)>,
    pub schemas: Bytes,
}

// Never written after it was made.
unsafe impl Sync for Handler {}
unsafe impl Sync for Plugin {}

#[repr(C)]
pub struct Response {
    pub struct_size: u32,
    pub status: u16,
    pub flags: u16,
    pub fields: *const Field,
    pub field_count: usize,
    pub body: Bytes,
}

#[repr(C)]
pub struct Error {
    pub struct_size: u32,
    pub status: u16,
    pub flags: u16,
    pub detail_json: Bytes,
    pub fields: *const Field,
    pub field_count: usize,
    pub kind: Bytes,
    pub description: Bytes,
}

/// The first members; the host's table goes on.
#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub loop_count: u32,
    pub reserved: u32,
    pub respond: unsafe extern "C" fn(Call, *const Response) -> u32,
    pub provide: unsafe extern "C" fn(Call, *mut c_void) -> u32,
    pub finish: unsafe extern "C" fn(Call) -> u32,
    pub fail: unsafe extern "C" fn(Call, *const Error) -> u32,
}

// Every structure as long as the contract's was in version 1.1.
const _: () = {
    assert!(std::mem::size_of::<Handler>() == 64);
    assert!(std::mem::size_of::<Plugin>() == 128);
    assert!(std::mem::size_of::<Response>() == 40);
    assert!(std::mem::size_of::<Error>() == 72);
    assert!(std::mem::offset_of!(Host, fail) == 40);
};
