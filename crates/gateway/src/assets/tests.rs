use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{Method, Request};
use http_body_util::BodyExt;

use super::*;
use crate::house::House;

fn packed(text: &str) -> &'static [u8] {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap().leak()
}

async fn house() -> House {
    let asset = |path, content_type, body, immutable| Asset {
        path,
        content_type,
        body,
        packed: true,
        etag: "\"1\"",
        immutable,
    };
    let pages = vec![
        asset("/assets/index-1.js", "text/javascript; charset=utf-8", packed("let a"), true),
        asset("/index.html", "text/html; charset=utf-8", packed("<!doctype html>"), false),
    ];
    House::with_pages(pages.leak()).await
}

async fn get(house: &House, path: &str, headers: &[(&str, &str)]) -> Option<(Response<()>, Bytes)> {
    let mut request = Request::builder().method(Method::GET).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, body) = serve(&house.gateway, &request.body(()).unwrap().into_parts().0)?.into_parts();
    Some((Response::from_parts(head, ()), body.collect().await.unwrap().to_bytes()))
}

const PERSON: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[tokio::test]
async fn files_come_packed_and_are_kept_for_ever_when_their_name_says_what_is_in_them() {
    let house = house().await;
    let (head, body) = get(&house, "/assets/index-1.js", &[("accept-encoding", "br, gzip")]).await.unwrap();
    assert_eq!(head.headers()["content-encoding"], "gzip");
    assert_eq!(unpacked(&body), "let a");
    assert_eq!(head.headers()["content-type"], "text/javascript; charset=utf-8");
    assert!(head.headers()["cache-control"].to_str().unwrap().ends_with("immutable"));
    for unwilling in ["", "br", "gzip;q=0"] {
        let (head, body) =
            get(&house, "/assets/index-1.js", &[("accept-encoding", unwilling)]).await.unwrap();
        assert!(!head.headers().contains_key("content-encoding"), "{unwilling}");
        assert_eq!(body, "let a");
    }
    let (head, _) = get(&house, "/", &[]).await.unwrap();
    let kept = format!("\"0\", {}", head.headers()["etag"].to_str().unwrap());
    let (head, body) = get(&house, "/", &[("if-none-match", &kept)]).await.unwrap();
    assert_eq!((head.status(), body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(head.headers()["cache-control"], "no-cache");
}

#[tokio::test]
async fn unknown_addresses_lead_to_the_first_page_for_people_alone() {
    let house = house().await;
    let (_, body) = get(&house, "/logs/12", &[PERSON]).await.unwrap();
    assert_eq!(body, "<!doctype html>");
    let (_, body) = get(&house, "/logs", &[("sec-fetch-mode", "navigate"), ("accept", "*/*")]).await.unwrap();
    assert_eq!(body, "<!doctype html>");
    assert!(get(&house, "/logs", &[("accept", "*/*")]).await.is_none());
    assert!(get(&house, "/assets/gone.js", &[("sec-fetch-mode", "no-cors"), PERSON]).await.is_none());
    assert!(get(&house, "/../index.html", &[]).await.is_none());
}

#[tokio::test]
async fn a_page_may_run_and_reach_nothing_but_us() {
    let house = house().await;
    let (head, _) = get(&house, "/", &[PERSON]).await.unwrap();
    let policy = head.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("base-uri 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(policy.contains("connect-src 'self' http://127.0.0.1:4880 http://localhost:4880"), "{policy}");
    assert_eq!(head.headers()["x-frame-options"], "DENY");
}

#[tokio::test]
async fn a_build_without_pages_says_how_to_make_them() {
    let house = House::new().await;
    let (head, body) = get(&house, "/", &[PERSON]).await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert!(String::from_utf8_lossy(&body).contains("npm run build"));
    assert!(get(&house, "/", &[]).await.is_none());
}

#[tokio::test]
async fn the_first_page_says_what_the_person_chose() {
    let page = |path| Asset {
        path,
        content_type: "text/html; charset=utf-8",
        body: packed("<!doctype html>\n<html lang=\"en\">\n<head></head></html>"),
        packed: true,
        etag: "\"1\"",
        immutable: false,
    };
    let house = House::with_pages(vec![page("/index.html"), page("/other.html")].leak()).await;
    let (head, body) = get(&house, "/", &[("accept-encoding", "gzip")]).await.unwrap();
    let said = String::from_utf8(body.to_vec()).unwrap();
    assert!(
        said.contains("data-language=\"system\" data-colours=\"system\" data-first-run=\"due\""),
        "{said}"
    );
    let before = head.headers()["etag"].to_str().unwrap().to_owned();

    let mut settings = house.gateway.settings.load().as_ref().clone();
    settings.language = crate::Language::SimplifiedChinese;
    settings.theme = crate::settings::Theme::Dark;
    settings.first_run_done = true;
    house.gateway.settings.store(std::sync::Arc::new(settings));
    // What the browser kept is out of date.
    let (head, body) = get(&house, "/", &[("if-none-match", &before)]).await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    let said = String::from_utf8(body.to_vec()).unwrap();
    assert!(said.contains("data-language=\"zh-CN\" data-colours=\"dark\" data-first-run=\"done\""), "{said}");
    let now = head.headers()["etag"].to_str().unwrap().to_owned();
    assert_ne!(now, before);
    let (head, _) = get(&house, "/", &[("if-none-match", &now)]).await.unwrap();
    assert_eq!(head.status(), StatusCode::NOT_MODIFIED);
    let (_, other) = get(&house, "/other.html", &[]).await.unwrap();
    assert!(other.ends_with(b"<html lang=\"en\">\n<head></head></html>"));
}
