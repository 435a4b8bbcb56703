use std::time::Duration;

use super::*;

fn faults(text: &str) -> Vec<(Fault, u32)> {
    in_text(text).map(|spelled| (spelled.fault, spelled.times)).collect()
}

#[test]
fn a_prompt_spells_faults() {
    let always = u32::MAX;
    assert_eq!(faults("hello [[fault:throttle 2]]"), [(Fault::Refuse(Refusal::throttling()), 2)]);
    assert_eq!(
        faults("[[fault:delay 300]] [[fault:pace 5]]"),
        [(Fault::Delay(Duration::from_millis(300)), always), (Fault::Pace(Duration::from_millis(5)), always),]
    );
    assert_eq!(
        faults("[[fault:exception-after 3 throttlingException]]"),
        [(
            Fault::ExceptionAfter {
                frames: 3,
                exception: "throttlingException".into(),
                message: "Too many requests, please wait before trying again.".into(),
            },
            always,
        )]
    );
    assert_eq!(faults("[[fault:status 503 1]]")[0].1, 1);
    let (Fault::Refuse(refusal), _) = &faults("[[fault:status 503]]")[0] else { panic!("no refusal") };
    assert_eq!((refusal.status, refusal.code.as_str()), (503, "ServiceUnavailableException"));
    assert_eq!(faults("[[fault:nonsense]] [[fault:stall-after 3"), []);
    assert_eq!(faults("[[fault:skew -600]]")[0].0, Fault::Skew(-600));
}

#[test]
fn a_model_id_spells_a_fault() {
    let fault = |id: &str| in_model(id).map(|spelled| (spelled.fault, spelled.times));
    assert_eq!(fault("us.test.throttle-2"), Some((Fault::Refuse(Refusal::throttling()), 2)));
    assert_eq!(fault("test.cut-after-700").unwrap().0, Fault::CutAfter(700));
    assert_eq!(fault("test.not-ready").unwrap().1, u32::MAX);
    assert_eq!(fault("test.echo"), None);
    assert_eq!(fault("us.anthropic.claude-opus-4-8"), None);
}

#[test]
fn every_status_has_a_usual_error() {
    for (status, code) in [
        (400, "ServiceQuotaExceededException"),
        (403, "AccessDeniedException"),
        (404, "ResourceNotFoundException"),
        (408, "ModelTimeoutException"),
        (424, "ModelErrorException"),
        (429, "ThrottlingException"),
        (500, "InternalServerException"),
        (503, "ServiceUnavailableException"),
        (529, "overloaded_error"),
    ] {
        assert_eq!(Refusal::of_status(status).code, code);
    }
}
