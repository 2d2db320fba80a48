use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use super::keep;

#[tokio::test(start_paused = true)]
async fn a_part_that_panics_or_fails_is_started_again() {
    let starts = Arc::new(AtomicU32::new(0));
    let (done, mut third_start) = tokio::sync::mpsc::channel::<()>(1);
    let counted = Arc::clone(&starts);

    let kept = keep("test", move || {
        let turn = counted.fetch_add(1, Ordering::SeqCst);
        let done = done.clone();
        async move {
            match turn {
                0 => panic!("first start"),
                1 => anyhow::bail!("second start"),
                _ => {
                    done.send(()).await?;
                    std::future::pending().await
                }
            }
        }
    });

    tokio::select! {
        () = kept => unreachable!("a kept part never ends"),
        _ = third_start.recv() => assert_eq!(starts.load(Ordering::SeqCst), 3),
    }
}
