//! A producer that is a thread in Rust, over the table of functions that the capsule `fast_impl._C_API` points to.
use std::ffi::c_void;
use std::mem::{size_of, transmute};
use std::thread::{spawn, JoinHandle};

const ABI_VERSION: u32 = 2; // OMNI_ABI_VERSION
const STRUCTS: usize = 7; // that omni_mailbox.h defines
const FUNCTIONS: usize = 26; // those that this program needs are among the first

/// The beginning of `omni_functions` (omni_functions.h): the functions in the order of omni_mailbox.h.
#[repr(C)]
pub struct Core {
    version: u32,
    size: u32,
    sizes: [u32; STRUCTS],
    functions: [*const c_void; FUNCTIONS],
}

type BlockingPush = unsafe extern "C" fn(*mut c_void, *const u8, usize, i64) -> i32; // function 10
type ProducerClose = unsafe extern "C" fn(*mut c_void); // function 25

const PUSH_SUCCESS: i32 = 0;
const INTERRUPTED: i32 = -3;

struct Producer {
    handle: *mut c_void,
    push: BlockingPush,
    close: ProducerClose,
}
unsafe impl Send for Producer {} // one thread at a time may use it, from whichever thread

fn run(producer: Producer, count: u64) -> i32 {
    let mut result = PUSH_SUCCESS;
    for number in 0..count {
        let message = number.to_le_bytes();
        loop {
            result = unsafe { (producer.push)(producer.handle, message.as_ptr(), message.len(), -1) };
            if result != INTERRUPTED {
                break;
            }
        }
        if result != PUSH_SUCCESS {
            break;
        }
    }
    unsafe { (producer.close)(producer.handle) };
    result
}

/// Null where the table is of another ABI. The caller keeps the native handle until `join`.
///
/// # Safety
/// `core` is the capsule's pointer, and `handle` the address of an open producer of that core.
#[no_mangle]
pub unsafe extern "C" fn start(core: *const Core, handle: *mut c_void, count: u64) -> *mut JoinHandle<i32> {
    if (*core).version != ABI_VERSION || ((*core).size as usize) < size_of::<Core>() {
        return std::ptr::null_mut();
    }
    let functions = &(*core).functions;
    let producer = Producer {
        handle,
        push: transmute::<*const c_void, BlockingPush>(functions[10]),
        close: transmute::<*const c_void, ProducerClose>(functions[25]),
    };
    Box::into_raw(Box::new(spawn(move || run(producer, count))))
}

/// The result of the last push.
///
/// # Safety
/// `running` is what `start` gave, and was not joined before.
#[no_mangle]
pub unsafe extern "C" fn join(running: *mut JoinHandle<i32>) -> i32 {
    Box::from_raw(running).join().unwrap_or(i32::MIN)
}
