use super::*;

const UDP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  52: C801A8C0:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 0
  53: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 0
";

const TCP6: &str = "\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1
   1: 00000000000000000000000000000000:0051 00000000000000000000000000000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 98 1
";

fn found(table: &str, transport: Transport, address: &str) -> Vec<u64> {
    conflicting(table, transport, address.parse().unwrap()).collect()
}

#[test]
fn a_socket_on_the_same_address_conflicts() {
    assert_eq!(found(UDP, Transport::Udp, "192.168.1.200:53"), [4711]);
    assert!(found(UDP, Transport::Udp, "192.168.1.201:53").is_empty());
    assert!(found(UDP, Transport::Udp, "192.168.1.200:54").is_empty());
}

#[test]
fn a_wildcard_conflicts_with_every_address_both_ways() {
    assert_eq!(found(UDP, Transport::Udp, "192.168.1.200:67"), [4712]);
    assert_eq!(found(UDP, Transport::Udp, "0.0.0.0:53"), [4711]);
}

#[test]
fn only_listening_streams_conflict() {
    assert_eq!(found(TCP6, Transport::Tcp, "192.0.2.1:80"), [99]);
    assert!(found(TCP6, Transport::Tcp, "192.0.2.1:81").is_empty());
}

#[test]
fn a_table_that_makes_no_sense_has_no_conflicts() {
    assert!(
        found(
            "head\n1: zz:zz 0 0A\n\n1:\n2: 00:35 0 07 0 0 0 0 0 x",
            Transport::Udp,
            "0.0.0.0:53"
        )
        .is_empty()
    );
}

#[test]
fn the_line_names_the_program_and_how_to_see_it() {
    let line = InUse {
        transport: Transport::Udp,
        address: "192.168.1.200:53".parse().unwrap(),
        holders: BTreeSet::from([Holder {
            pid: 812,
            program: "dnsmasq".to_string(),
        }]),
    };

    assert_eq!(
        line.to_string(),
        "port 53/udp on 192.168.1.200 is in use by dnsmasq (pid 812); see: ss -lunp 'sport = :53'"
    );
}
