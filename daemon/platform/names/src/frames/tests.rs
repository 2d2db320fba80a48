use super::*;

#[tokio::test]
async fn messages_come_out_whole_however_the_stream_is_cut() {
    let (mut sender, receiver) = tokio::io::duplex(3);
    let mut frames = Frames::new(receiver);
    let writer = async {
        for message in [b"first".as_slice(), b"", b"third"] {
            write(&mut sender, message).await.expect("write");
        }
        drop(sender);
    };

    let reader = async {
        let mut messages = Vec::new();
        while let Some(message) = frames.next().await.expect("read") {
            messages.push(message);
        }
        messages
    };
    let ((), messages) = tokio::join!(writer, reader);

    assert_eq!(messages, [b"first".to_vec(), Vec::new(), b"third".to_vec()]);
}

#[tokio::test]
async fn a_stream_that_ends_within_a_message_is_an_error() {
    let mut frames = Frames::new([0u8, 9, 1, 2].as_slice());

    let error = frames.next().await.expect_err("cut");

    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}
