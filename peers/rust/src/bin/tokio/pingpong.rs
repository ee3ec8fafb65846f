//! Two tasks, a channel each way. Never is more than one message under way: the channel needs no bound.

use std::time::Instant;

use fiveways_peers::arithmetic::{ask, check, turn, Words};
use fiveways_peers::meter::Meter;
use fiveways_peers::runner::{Outcome, Refusal};
use fiveways_peers::trial::Trial;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};

pub fn run(runtime: &Runtime, trial: &'static Trial) -> Result<Outcome, Refusal> {
    let (ask, asked) = unbounded_channel();
    let (answer, answered) = unbounded_channel();
    let server = runtime.spawn(serve(trial, asked, answer));
    let client = runtime.spawn(request(trial, ask, answered));
    Ok(runtime.block_on(async {
        let mut outcome = client.await.unwrap();
        outcome.failure = server.await.unwrap().or(outcome.failure);
        outcome
    }))
}

async fn serve(
    trial: &Trial,
    mut requests: UnboundedReceiver<Words>,
    answers: UnboundedSender<Words>,
) -> Option<String> {
    let mut failure = None;
    let mut s = 0;
    while let Some(mut words) = requests.recv().await {
        if !turn(&mut words, trial.seed, s) {
            failure = Some(format!("request {s} is wrong"));
        }
        answers.send(words).unwrap();
        s += 1;
    }
    failure
}

async fn request(
    trial: &'static Trial,
    requests: UnboundedSender<Words>,
    mut answers: UnboundedReceiver<Words>,
) -> Outcome {
    let mut words = vec![0; trial.param("size") as usize / 8].into_boxed_slice();
    let (mut s, mut checksum, mut failure) = (0, 0, None);
    let mut meter = Meter::open(trial);
    loop {
        let start = Instant::now();
        for _ in 0..trial.batch {
            ask(&mut words, trial.seed, s);
            requests.send(words).unwrap();
            words = answers.recv().await.unwrap();
            if !check(&words, trial.seed, s, &mut checksum) {
                failure = Some(format!("answer {s} is wrong"));
            }
            s += 1;
        }
        if !meter.record(start, trial.batch) {
            break;
        }
    }
    Outcome { units: 2, messages: 2 * s, live: 2, checksum, failure, meters: vec![meter] }
}
