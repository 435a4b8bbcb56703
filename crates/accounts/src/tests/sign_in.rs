//! Sign-ins as the rest of the program sees them. What the machines do is tested where they are.

use std::time::Duration;

use llm::Error;
use providers::{
    Begin, Callback, Choice, Choosing, Doorway, Failure, Heard, Moment, Next, Procedure, Prompt, Why,
};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::fake::World;
use crate::{Error as Refused, NewSignIn, SignInState, SignInView, StateView};

/// A machine whose way is its wish's: `code`, `choose`, `browser`, `no`.
#[derive(Debug)]
struct FakeLogin {
    way: String,
    key: &'static str,
    waited: bool,
    port: Option<u16>,
    chosen: Option<String>,
    returned: bool,
}

pub(super) fn begun(begin: Begin<'_>) -> Result<Box<dyn Procedure>, Error> {
    if begin.wish.login == "unheard of" {
        return Err(Error::invalid("there is no such way").with_param("login"));
    }
    let key = if begin.old.is_some() { "second-secret" } else { "first-secret" };
    let way = begin.wish.login.clone();
    Ok(Box::new(FakeLogin { way, key, waited: false, port: None, chosen: None, returned: false }))
}

impl FakeLogin {
    fn done(&self) -> Next {
        Next::Done(json!({"key": self.key, "login": self.way, "chosen": self.chosen}))
    }
}

impl Procedure for FakeLogin {
    fn next(&mut self, now: Moment) -> Next {
        let ends = now.instant + Duration::from_secs(600);
        match self.way.as_str() {
            "no" => Next::Over(Failure::Denied),
            "choose" if self.chosen.is_some() => self.done(),
            "choose" => {
                let option = |id: &str| Choice { id: id.into(), label: id.to_uppercase() };
                let options = vec![option("a"), option("b")];
                Next::Wait { prompt: Prompt::Choose { what: Choosing::Role, options }, until: ends, ends }
            }
            "browser" if self.returned => self.done(),
            "browser" => match self.port {
                None => Next::Listen(Doorway { ports: &[], both: false, paths: &["/back"] }),
                Some(port) => {
                    let url = format!("http://127.0.0.1:{port}/back");
                    Next::Wait { prompt: Prompt::Browser { url }, until: ends, ends }
                }
            },
            "code" if self.waited => self.done(),
            _ => {
                self.waited = true;
                let until = if self.way == "code" { now.instant } else { ends };
                let prompt =
                    Prompt::Device { url: "https://page.example/".into(), user_code: "AB-CD".into() };
                Next::Wait { prompt, until, ends }
            }
        }
    }

    fn heard(&mut self, _: Result<Heard, Error>, _: Moment) {}

    fn listening(&mut self, port: Option<u16>, _: Moment) {
        self.port = port;
    }

    fn returned(&mut self, callback: &Callback, _: Moment) -> bool {
        self.returned = callback.query.iter().any(|(name, value)| name == "state" && value == "ours");
        self.returned
    }

    fn chose(&mut self, id: &str, _: Moment) -> bool {
        self.chosen = Some(id.to_owned());
        true
    }
}

fn new(login: &str) -> NewSignIn {
    NewSignIn {
        account: None,
        provider: "real".into(),
        name: "new".into(),
        region: "here".into(),
        endpoint_url: None,
        options: Value::Null,
        login: Some(login.into()),
        flow: None,
        fields: Map::new(),
        policy_accepted: false,
        policy_accepted_by: crate::ConsentBy::AdminApi,
    }
}

fn again(account: &str, login: Option<&str>) -> NewSignIn {
    NewSignIn { account: Some(account.into()), login: login.map(str::to_owned), ..new("") }
}

impl World {
    /// The sign-in, once it is so.
    async fn until(&self, id: &str, state: SignInState) -> SignInView {
        let mut version = None;
        loop {
            let view = self.accounts.sign_in(id, version).await.unwrap();
            if view.state == state {
                return view;
            }
            version = Some(view.version);
        }
    }

    fn stored(&self, id: &str) -> Value {
        let entry = self.accounts.entry(id).unwrap();
        serde_json::from_str(entry.vault.credential().unwrap().expose()).unwrap()
    }
}

#[tokio::test]
async fn a_sign_in_becomes_an_account() {
    let world = World::new().await;
    let begun = world.accounts.begin_sign_in(new("code")).unwrap();
    assert_eq!((begun.state, begun.account.as_deref()), (SignInState::Working, None));
    let done = world.until(&begun.id, SignInState::Done).await;
    let id = done.account.unwrap();
    let view = world.accounts.get(&id).unwrap();
    assert_eq!((view.name.as_str(), view.region.as_str(), view.ephemeral), ("new", "here", false));
    assert_eq!(world.stored(&id)["key"], "first-secret");
    assert_eq!(done.prompt, None);
    let world = world.restart().await;
    assert_eq!(world.stored(&id)["login"], "code");
}

#[tokio::test]
async fn who_signs_in_again_keeps_their_account() {
    let world = World::new().await;
    world.add("before").await;
    let begun = world.accounts.begin_sign_in(new("code")).unwrap();
    let id = world.until(&begun.id, SignInState::Done).await.account.unwrap();
    world.add("after").await;
    let entry = world.accounts.entry(&id).unwrap();
    world.provider.will([super::fake::Answer::Fail(llm::Category::NoCredentials)]);
    world.accounts.session(&entry).await.unwrap_err();
    assert_eq!(world.accounts.get(&id).unwrap().state, StateView::NeedsSignIn);
    let before = world.accounts.get(&id).unwrap();

    // The account knows the way it was signed in to.
    let begun = world.accounts.begin_sign_in(again(&id, None)).unwrap();
    assert_eq!((begun.login.as_str(), begun.name.as_str()), ("code", "new"));
    let done = world.until(&begun.id, SignInState::Done).await;
    assert_eq!(done.account.as_deref(), Some(id.as_str()));
    let after = world.accounts.get(&id).unwrap();
    assert_eq!((after.position, after.name, after.state), (before.position, before.name, StateView::Ready));
    assert_eq!(world.stored(&id)["key"], "second-secret");
    let entry = world.accounts.entry(&id).unwrap();
    world.accounts.session(&entry).await.unwrap();
    assert_eq!(world.provider.opened.lock().unwrap().last().unwrap().1, Why::First);
    // One that was pasted does not.
    let pasted = world.accounts.list()[0].id.clone();
    let refused = world.accounts.begin_sign_in(again(&pasted, None)).unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("sign_in_way_unknown", 409));
    let begun = world.accounts.begin_sign_in(again(&pasted, Some("code"))).unwrap();
    world.until(&begun.id, SignInState::Done).await;
}

#[tokio::test]
async fn nobody_is_asked_before_everything_is_in_order() {
    let world = World::new().await;
    world.add("taken").await;
    world.sandbox();
    for (wrong, code) in [
        (NewSignIn { provider: "none".into(), ..new("code") }, "provider_unknown"),
        (NewSignIn { provider: "wild".into(), ..new("code") }, "policy_consent_required"),
        (NewSignIn { name: "Taken".into(), ..new("code") }, "account_name_taken"),
        (NewSignIn { name: " ".into(), ..new("code") }, "invalid_account"),
        (NewSignIn { endpoint_url: Some("http://evil.example".into()), ..new("code") }, "invalid_account"),
        (NewSignIn { login: None, ..new("") }, "invalid_account"),
        (new("unheard of"), "invalid_account"),
        (again("nobody", None), "account_not_found"),
        (again("sandbox", None), "account_not_stored"),
    ] {
        assert_eq!(world.accounts.begin_sign_in(wrong).unwrap_err().code(), code);
    }
    assert!(world.accounts.sign_ins().is_empty());
    // The word of the person is kept with the account that comes of it.
    let agreed = NewSignIn { provider: "wild".into(), policy_accepted: true, ..new("code") };
    let begun = world.accounts.begin_sign_in(agreed).unwrap();
    assert!(world.accounts.consent("wild").is_none());
    world.until(&begun.id, SignInState::Done).await;
    assert!(world.accounts.consent("wild").is_some());
}

#[tokio::test]
async fn the_person_chooses() {
    let world = World::new().await;
    let begun = world.accounts.begin_sign_in(new("choose")).unwrap();
    let waiting = world.until(&begun.id, SignInState::Waiting).await;
    assert!(matches!(&waiting.prompt, Some(Prompt::Choose { options, .. }) if options.len() == 2));
    let wrong = world.accounts.choose_in_sign_in(&begun.id, "c".into()).await.unwrap_err();
    assert!(matches!(wrong, Refused::Invalid { field: "choice", .. }), "{wrong:?}");
    world.accounts.choose_in_sign_in(&begun.id, "b".into()).await.unwrap();
    let done = world.until(&begun.id, SignInState::Done).await;
    assert_eq!(world.stored(&done.account.unwrap())["chosen"], "b");
}

async fn visit(url: &str, state: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path}?state={state} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_browser_comes_back_once() {
    let world = World::new().await;
    let begun = world.accounts.begin_sign_in(new("browser")).unwrap();
    let waiting = world.until(&begun.id, SignInState::Waiting).await;
    let Some(Prompt::Browser { url }) = waiting.prompt else { panic!("a page") };
    let strange = visit(&url, "theirs").await;
    assert!(strange.starts_with("HTTP/1.1 400"), "{strange}");
    assert_eq!(world.accounts.sign_ins()[0].state, SignInState::Waiting);
    let ours = visit(&url, "ours").await;
    assert!(ours.starts_with("HTTP/1.1 200"), "{ours}");
    world.until(&begun.id, SignInState::Done).await;
    let host = url.strip_prefix("http://").unwrap().split_once('/').unwrap().0;
    assert!(tokio::net::TcpStream::connect(host).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn what_came_to_nothing_is_told_and_forgotten_later() {
    let world = World::new().await;
    let begun = world.accounts.begin_sign_in(new("no")).unwrap();
    let failed = world.until(&begun.id, SignInState::Failed).await;
    assert_eq!(failed.problem.unwrap().code, "sign_in_denied");
    assert!(world.accounts.list().is_empty());
    world.clock.pass(599);
    assert_eq!(world.accounts.sign_ins().len(), 1);
    world.clock.pass(1);
    assert!(world.accounts.sign_ins().is_empty());
    // An account that is gone by the time the person is back.
    let id = world.add("a").await;
    let begun = world.accounts.begin_sign_in(again(&id, Some("choose"))).unwrap();
    world.until(&begun.id, SignInState::Waiting).await;
    world.accounts.remove(&id).await.unwrap();
    world.accounts.choose_in_sign_in(&begun.id, "a".into()).await.unwrap();
    let failed = world.until(&begun.id, SignInState::Failed).await;
    assert_eq!(failed.problem.unwrap().code, "account_not_found");
}

#[tokio::test]
async fn sign_ins_are_bounded_and_cancelled() {
    let world = World::new().await;
    let begin = |name: String| world.accounts.begin_sign_in(NewSignIn { name, ..new("wait") });
    let mut changes = world.accounts.subscribe_to_sign_ins();
    let first = begin("0".into()).unwrap();
    assert!(changes.has_changed().unwrap());
    let waiting = world.until(&first.id, SignInState::Waiting).await;
    for number in 1..8 {
        begin(number.to_string()).unwrap();
    }
    assert_eq!(begin("8".into()).unwrap_err().code(), "too_many_sign_ins");
    // Whoever follows it is told.
    changes.mark_unchanged();
    let (followed, cancelled) =
        tokio::join!(world.accounts.sign_in(&first.id, Some(waiting.version)), async {
            world.accounts.cancel_sign_in(&first.id)
        });
    assert!(matches!(followed, Err(Refused::SignInNotFound)));
    assert!(cancelled.is_ok() && changes.has_changed().unwrap());
    assert!(matches!(world.accounts.cancel_sign_in(&first.id), Err(Refused::SignInNotFound)));
    begin("8".into()).unwrap();
    // Nothing of it outlives the program.
    world.accounts.stop();
    world.tasks.close();
    world.tasks.wait().await;
}

#[tokio::test]
async fn an_account_is_signed_in_to_once_at_a_time() {
    let world = World::new().await;
    let id = world.add("a").await;
    let one = world.accounts.begin_sign_in(again(&id, Some("wait"))).unwrap();
    let two = world.accounts.begin_sign_in(again(&id, Some("wait"))).unwrap();
    assert!(world.accounts.sign_in(&one.id, None).await.is_err(), "the newer one counts");
    world.until(&two.id, SignInState::Waiting).await;
    assert_eq!(world.accounts.sign_ins().len(), 1);
}
