//! The two calls behind capabilities(7), for the calling thread.

use std::io;

use nix::libc;

/// `_LINUX_CAPABILITY_VERSION_3`: two words for each set.
const VERSION_3: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Word {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// The sets of a thread; bit n is capability n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sets {
    pub(crate) effective: u64,
    pub(crate) permitted: u64,
    pub(crate) inheritable: u64,
}

/// The sets of the calling thread.
pub(crate) fn read() -> io::Result<Sets> {
    let mut header = own();
    let mut words = [Word::default(); 2];
    #[expect(unsafe_code, reason = "no crate that we have wraps capget")]
    // SAFETY: version 3 of the header makes the kernel write exactly two words, and both structures outlive the call.
    let result = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, words.as_mut_ptr()) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    let join = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    let [low, high] = words;
    Ok(Sets {
        effective: join(low.effective, high.effective),
        permitted: join(low.permitted, high.permitted),
        inheritable: join(low.inheritable, high.inheritable),
    })
}

/// Replaces the sets of the calling thread; threads that it starts later have the same.
pub(crate) fn write(sets: Sets) -> io::Result<()> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "each half goes into a word"
    )]
    let words = [0, 32].map(|shift| Word {
        effective: (sets.effective >> shift) as u32,
        permitted: (sets.permitted >> shift) as u32,
        inheritable: (sets.inheritable >> shift) as u32,
    });
    let mut header = own();
    #[expect(unsafe_code, reason = "no crate that we have wraps capset")]
    // SAFETY: version 3 of the header makes the kernel read exactly two words, and both structures outlive the call.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, words.as_ptr()) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn own() -> Header {
    Header {
        version: VERSION_3,
        pid: 0,
    }
}
