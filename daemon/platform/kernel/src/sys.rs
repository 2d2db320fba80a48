//! The system calls that neither `std` nor a crate wraps: the only `unsafe` of the daemon.

pub(crate) mod capability;

use std::{
    io,
    mem::{MaybeUninit, size_of, size_of_val},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    process::Command,
    time::{Duration, SystemTime},
};

use netlink_sys::Socket as NetlinkSocket;
use nix::{
    libc,
    sched::{CloneFlags, setns},
    sys::{
        prctl::set_pdeathsig,
        signal::{SigSet, Signal},
        socket::{MsgFlags, recv},
    },
};
use tokio::io::{Interest, unix::AsyncFd};

/// A descriptor on tokio's reactor.
pub(crate) fn register(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // A packet socket whose interface goes down becomes erroneous, not readable.
    let interest = Interest::READABLE | Interest::WRITABLE | Interest::ERROR;
    #[expect(unsafe_code, reason = "tokio offers no safe way")]
    // SAFETY: an OwnedFd stays open and keeps its number until the AsyncFd that owns it drops it.
    let registered = unsafe { AsyncFd::register_with_interest(descriptor, interest) };
    registered.map_err(|error| error.into_parts().1)
}

/// A netlink socket on tokio's reactor.
pub(crate) fn register_netlink(socket: NetlinkSocket) -> io::Result<AsyncFd<NetlinkSocket>> {
    #[expect(unsafe_code, reason = "tokio offers no safe way")]
    // SAFETY: the socket owns its descriptor and never changes it.
    let registered = unsafe { AsyncFd::register(socket) };
    registered.map_err(|error| error.into_parts().1)
}

/// Takes one queued datagram; `WouldBlock` when there is none.
pub(crate) fn receive(socket: &impl AsRawFd, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(recv(socket.as_raw_fd(), buffer, MsgFlags::MSG_DONTWAIT)?)
}

/// Sets a socket option whose value is a plain C structure.
///
/// # Safety
///
/// `value` must be the structure that the kernel expects for this option, and pointers in it must be valid.
#[expect(unsafe_code, reason = "callers vouch for the layout")]
unsafe fn set_option<T>(socket: &impl AsFd, level: i32, option: i32, value: &T) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<T>()).map_err(io::Error::other)?;
    // SAFETY: the pointer and length describe `value`, which lives across the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            option,
            std::ptr::from_ref(value).cast(),
            length,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Sets an integer socket option of the packet or the socket level.
pub(crate) fn set_integer(
    socket: &impl AsFd,
    level: Level,
    option: i32,
    value: i32,
) -> io::Result<()> {
    #[expect(unsafe_code, reason = "no crate has these options")]
    // SAFETY: the options used here (PACKET_AUXDATA, SO_TIMESTAMPNS) take an int.
    unsafe {
        set_option(socket, level as i32, option, &value)
    }
}

/// Where an option lives.
#[derive(Clone, Copy)]
pub(crate) enum Level {
    Socket = libc::SOL_SOCKET as isize,
    Packet = libc::SOL_PACKET as isize,
}

/// Receives frames to a group address on the interface.
pub(crate) fn join_group(socket: &impl AsFd, index: i32, group: [u8; 6]) -> io::Result<()> {
    let mut address = [0; 8];
    address[..6].copy_from_slice(&group);
    let membership = libc::packet_mreq {
        mr_ifindex: index,
        mr_type: libc::PACKET_MR_MULTICAST
            .try_into()
            .map_err(io::Error::other)?,
        mr_alen: 6,
        mr_address: address,
    };
    #[expect(unsafe_code, reason = "no crate has this option")]
    // SAFETY: PACKET_ADD_MEMBERSHIP takes a packet_mreq.
    unsafe {
        set_option(
            socket,
            libc::SOL_PACKET,
            libc::PACKET_ADD_MEMBERSHIP,
            &membership,
        )
    }
}

/// Attaches a classic BPF program.
pub(crate) fn attach_filter(
    socket: &impl AsFd,
    program: &mut [libc::sock_filter],
) -> io::Result<()> {
    let program = libc::sock_fprog {
        len: program.len().try_into().map_err(io::Error::other)?,
        filter: program.as_mut_ptr(),
    };
    #[expect(
        unsafe_code,
        reason = "no crate takes the program before the socket is bound"
    )]
    // SAFETY: SO_ATTACH_FILTER takes a sock_fprog; its pointer and length describe the caller's slice, which the
    // kernel copies and checks.
    unsafe {
        set_option(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
    }
}

/// Binds a packet socket to one EtherType (host byte order) on one interface.
pub(crate) fn bind_packet(socket: &impl AsFd, index: i32, ether_type: u16) -> io::Result<()> {
    #[expect(unsafe_code, reason = "no crate builds a sockaddr_ll")]
    // SAFETY: an all-zero sockaddr_ll is valid; pointer and length describe it.
    let result = unsafe {
        let mut address: libc::sockaddr_ll = std::mem::zeroed();
        address.sll_family = libc::AF_PACKET.try_into().map_err(io::Error::other)?;
        address.sll_protocol = ether_type.to_be();
        address.sll_ifindex = index;
        libc::bind(
            socket.as_fd().as_raw_fd(),
            std::ptr::from_ref(&address).cast(),
            size_of_val(&address).try_into().map_err(io::Error::other)?,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// What the kernel tells along with a frame.
#[derive(Default)]
pub(crate) struct FrameFacts {
    /// Length of the frame, which may be more than the buffer held.
    pub(crate) length: usize,
    /// `sll_pkttype`.
    pub(crate) packet_type: u8,
    /// `tp_status` of PACKET_AUXDATA.
    pub(crate) status: u32,
    /// `tp_vlan_tci` of PACKET_AUXDATA.
    pub(crate) vlan_tci: u16,
    /// SO_TIMESTAMPNS.
    pub(crate) received_at: Option<SystemTime>,
}

/// Room for PACKET_AUXDATA and a timestamp, aligned as the kernel writes control messages.
#[repr(align(8))]
struct Control([u8; 128]);

/// Takes one queued frame; `WouldBlock` when there is none. Allocates nothing.
pub(crate) fn receive_frame(socket: &impl AsRawFd, buffer: &mut [u8]) -> io::Result<FrameFacts> {
    let mut control = Control([0; 128]);
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    let mut facts = FrameFacts::default();
    #[expect(
        unsafe_code,
        reason = "nix knows neither PACKET_AUXDATA nor packet addresses without allocation"
    )]
    // SAFETY: every pointer in the header describes a live local or the caller's buffer with its true length; control
    // messages are walked by the CMSG macros over what the kernel wrote and read unaligned, each only if its length
    // says that it holds the structure.
    unsafe {
        let mut address: libc::sockaddr_ll = std::mem::zeroed();
        let mut header: libc::msghdr = MaybeUninit::zeroed().assume_init();
        header.msg_name = std::ptr::from_mut(&mut address).cast();
        header.msg_namelen = size_of::<libc::sockaddr_ll>()
            .try_into()
            .map_err(io::Error::other)?;
        header.msg_iov = &raw mut part;
        header.msg_iovlen = 1;
        header.msg_control = control.0.as_mut_ptr().cast();
        header.msg_controllen = control.0.len();
        let length = libc::recvmsg(
            socket.as_raw_fd(),
            &raw mut header,
            libc::MSG_DONTWAIT | libc::MSG_TRUNC,
        );
        facts.length = usize::try_from(length).map_err(|_negative| io::Error::last_os_error())?;
        facts.packet_type = address.sll_pkttype;
        let mut message = libc::CMSG_FIRSTHDR(&raw const header);
        while !message.is_null() {
            let payload = libc::CMSG_DATA(message);
            let holds = |size: usize| (*message).cmsg_len >= libc::CMSG_LEN(0) as usize + size;
            match ((*message).cmsg_level, (*message).cmsg_type) {
                (libc::SOL_PACKET, libc::PACKET_AUXDATA)
                    if holds(size_of::<libc::tpacket_auxdata>()) =>
                {
                    let auxiliary: libc::tpacket_auxdata =
                        payload.cast::<libc::tpacket_auxdata>().read_unaligned();
                    facts.status = auxiliary.tp_status;
                    facts.vlan_tci = auxiliary.tp_vlan_tci;
                }
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) if holds(size_of::<libc::timespec>()) => {
                    facts.received_at =
                        since_epoch(payload.cast::<libc::timespec>().read_unaligned());
                }
                _ => {}
            }
            message = libc::CMSG_NXTHDR(&raw const header, message);
        }
    }
    Ok(facts)
}

fn since_epoch(time: libc::timespec) -> Option<SystemTime> {
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanoseconds = u32::try_from(time.tv_nsec).ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))
}

/// Gives the calling thread real-time priority; threads and programs it starts do not inherit it.
pub(crate) fn schedule_first_in_first_out(priority: i32) -> io::Result<()> {
    let parameters = libc::sched_param {
        sched_priority: priority,
    };
    #[expect(unsafe_code, reason = "no crate has this call")]
    // SAFETY: the pointer describes a live structure; 0 is the calling thread.
    let result = unsafe {
        libc::sched_setscheduler(
            0,
            libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK,
            &raw const parameters,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Keeps pages in memory from the moment they are first touched, present and future ones.
pub(crate) fn lock_memory_on_fault() -> io::Result<()> {
    let flags = libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT;
    #[expect(unsafe_code, reason = "nix's flags lack MCL_ONFAULT")]
    // SAFETY: the call takes no pointers.
    let result = unsafe { libc::mlockall(flags) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Makes `command` start in another network namespace.
pub(crate) fn start_in_namespace(command: &mut Command, namespace: OwnedFd) {
    use std::os::unix::process::CommandExt;

    #[expect(unsafe_code, reason = "std offers no other way")]
    // SAFETY: setns is a plain system call; the closure allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(move || Ok(setns(&namespace, CloneFlags::CLONE_NEWNET)?));
    }
}

/// A set of signals by number: nix's own has no real-time signals.
pub(crate) fn signal_set(numbers: &[i32]) -> SigSet {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    #[expect(unsafe_code, reason = "nix knows no real-time signals")]
    // SAFETY: sigemptyset makes the whole set; sigaddset changes it in place and refuses numbers that are none.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for number in numbers {
            libc::sigaddset(set.as_mut_ptr(), *number);
        }
        SigSet::from_sigset_t_unchecked(set.assume_init())
    }
}

/// Makes `command` start with no signal blocked, and be told to end if the thread that starts it ends.
pub(crate) fn unblock_at_start(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    #[expect(unsafe_code, reason = "std offers no other way")]
    // SAFETY: both are plain system calls; the closure allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(|| {
            SigSet::empty().thread_set_mask()?;
            Ok(set_pdeathsig(Signal::SIGTERM)?)
        });
    }
}
