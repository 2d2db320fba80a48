//! Classic BPF programs that keep frames we do not want out of the socket's queue.

use nix::libc::sock_filter;

/// A program over a whole Ethernet frame; it accepts or drops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter(Vec<Instruction>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Instruction {
    code: u16,
    jump_if_true: u8,
    jump_if_false: u8,
    operand: u32,
}

// linux/bpf_common.h
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
const LOAD_HALF_INDIRECT: u16 = 0x48;
const LOAD_X_HEADER_LENGTH: u16 = 0xb1;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_ANY_SET: u16 = 0x45;
const RETURN: u16 = 0x06;

const ETHERNET: u32 = 14;
const IPV6: u32 = 40;
const UDP: u32 = 17;
const ICMPV6: u32 = 58;

impl Filter {
    /// Accepts unfragmented IPv4 UDP datagrams to `port`, and nothing else (`tcpdump -dd 'udp dst port N'`).
    pub fn udp_destination(port: u16) -> Self {
        Self(vec![
            plain(LOAD_HALF, 12),
            jump(JUMP_IF_EQUAL, 0x0800, 0, 8),
            plain(LOAD_BYTE, ETHERNET + 9),
            jump(JUMP_IF_EQUAL, UDP, 0, 6),
            // Only the first fragment has a UDP header, and no DHCP client fragments.
            plain(LOAD_HALF, ETHERNET + 6),
            jump(JUMP_IF_ANY_SET, 0x1fff, 4, 0),
            plain(LOAD_X_HEADER_LENGTH, ETHERNET),
            plain(LOAD_HALF_INDIRECT, ETHERNET + 2),
            jump(JUMP_IF_EQUAL, u32::from(port), 0, 1),
            plain(RETURN, u32::MAX),
            plain(RETURN, 0),
        ])
    }

    /// Accepts ICMPv6 messages of this type without extension headers (`tcpdump -dd 'icmp6 and ip6[40] == N'`).
    pub fn icmpv6_type(kind: u8) -> Self {
        Self(vec![
            plain(LOAD_HALF, 12),
            jump(JUMP_IF_EQUAL, 0x86dd, 0, 5),
            plain(LOAD_BYTE, ETHERNET + 6),
            jump(JUMP_IF_EQUAL, ICMPV6, 0, 3),
            plain(LOAD_BYTE, ETHERNET + IPV6),
            jump(JUMP_IF_EQUAL, u32::from(kind), 0, 1),
            plain(RETURN, u32::MAX),
            plain(RETURN, 0),
        ])
    }

    pub(crate) fn program(&self) -> Vec<sock_filter> {
        self.0
            .iter()
            .map(|instruction| sock_filter {
                code: instruction.code,
                jt: instruction.jump_if_true,
                jf: instruction.jump_if_false,
                k: instruction.operand,
            })
            .collect()
    }
}

const fn plain(code: u16, operand: u32) -> Instruction {
    jump(code, operand, 0, 0)
}

const fn jump(code: u16, operand: u32, jump_if_true: u8, jump_if_false: u8) -> Instruction {
    Instruction {
        code,
        jump_if_true,
        jump_if_false,
        operand,
    }
}
