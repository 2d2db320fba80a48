use super::*;

const NODE: Mac = [0xbc, 0x24, 0x11, 0, 0, 2];
const VIP: Ipv4Addr = Ipv4Addr::new(10, 10, 10, 10);

#[test]
fn an_answer_and_an_announcement_are_told_apart() {
    let answer = arp_frame(2, VIP, Ipv4Addr::new(192, 168, 1, 200));
    let announcement = arp_frame(1, VIP, VIP);

    let frames = read(&file_of(&[&answer, &announcement])).unwrap();

    assert_eq!(frames.len(), 2);
    assert!(frames.iter().all(|frame| frame.source == NODE));
    assert!(frames[0].content.answers_for(VIP));
    assert!(!frames[0].content.is_gratuitous_arp_for(VIP));
    assert!(frames[1].content.is_gratuitous_arp_for(VIP));
    assert!(!frames[1].content.answers_for(VIP));
}

#[test]
fn half_a_frame_at_the_end_is_left_for_later() {
    let whole = file_of(&[&arp_frame(1, VIP, VIP)]);

    let frames = read(&whole[..whole.len() - 1]).unwrap();

    assert!(frames.is_empty());
}

#[test]
fn a_syn_is_known_by_its_destination_and_identification() {
    let mut frame = ethernet([0x08, 0x00]);
    frame.extend([0x45, 0, 0, 40, 0x12, 0x34, 0x40, 0, 63, 6, 0, 0]);
    frame.extend([192, 168, 1, 20]);
    frame.extend(VIP.octets());
    frame.extend([0x9c, 0x40, 0, 81, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x02, 0, 0]);

    let frames = read(&file_of(&[&frame])).unwrap();

    let syn = Content::Syn {
        to: VIP,
        port: 81,
        identification: 0x1234,
        time_to_live: 63,
    };
    assert_eq!(frames[0].content, syn);
}

#[test]
fn another_kind_of_file_is_refused() {
    assert!(read(b"tcpdump: no such device").is_err());
}

fn ethernet(kind: [u8; 2]) -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend(NODE);
    frame.extend(kind);
    frame
}

fn arp_frame(operation: u8, sender: Ipv4Addr, target: Ipv4Addr) -> Vec<u8> {
    let mut frame = ethernet([0x08, 0x06]);
    frame.extend([0, 1, 0x08, 0, 6, 4, 0, operation]);
    frame.extend(NODE);
    frame.extend(sender.octets());
    frame.extend([0; 6]);
    frame.extend(target.octets());
    frame
}

fn file_of(frames: &[&[u8]]) -> Vec<u8> {
    let mut file = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
    file.resize(20, 0);
    file.extend(1_u32.to_le_bytes());
    for frame in frames {
        let length = u32::try_from(frame.len()).unwrap().to_le_bytes();
        file.extend([[1, 0, 0, 0], [2, 0, 0, 0], length, length].concat());
        file.extend(*frame);
    }
    file
}
