//! The cookie, and the form token that goes with it.

use crate::config::Settings;
use crate::secret::{hex, random_hex, sha256};
use axum::http::{HeaderMap, HeaderValue, header};
use subtle::ConstantTimeEq;

/// Name of the cookie with https: browsers keep `__Host-` cookies to one host, one path and TLS.
pub(super) const SECURE: &str = "__Host-crowdsky";
/// Name of the cookie without, for a server on loopback.
pub(super) const PLAIN: &str = "crowdsky";

/// What the cookie holds: 64 random hexadecimal digits. Those of a visitor are in no database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token(String);

impl Token {
    /// A new one.
    pub(super) fn random() -> Token {
        Token(random_hex::<32>())
    }

    pub(super) fn from_session(token: String) -> Token {
        Token(token)
    }

    /// The token of a request, if it has one that could be ours.
    pub(super) fn of(headers: &HeaderMap, settings: &Settings) -> Option<Token> {
        let name = cookie_name(settings);
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let value = pairs.find(|(key, _)| *key == name)?.1;
        let looks_good = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        looks_good.then(|| Token(value.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The token for forms: whoever can read it has the page, not only the cookie (U-15).
    pub(super) fn csrf(&self) -> String {
        hex(&sha256(format!("crowdsky form {}", self.0).as_bytes()))
    }

    /// Whether a form's token is the one of this cookie; in constant time.
    pub(super) fn allows(&self, csrf: &str) -> bool {
        self.csrf().as_bytes().ct_eq(csrf.as_bytes()).into()
    }

    /// The header that sets the cookie.
    pub(super) fn set_cookie(&self, settings: &Settings) -> HeaderValue {
        cookie(settings, &self.0, "")
    }
}

/// The header that takes the cookie away.
pub(super) fn clear_cookie(settings: &Settings) -> HeaderValue {
    cookie(settings, "", "; Max-Age=0")
}

fn cookie(settings: &Settings, value: &str, more: &str) -> HeaderValue {
    let secure = if is_https(settings) { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}", cookie_name(settings));
    // Hexadecimal digits and constants are always a header.
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn cookie_name(settings: &Settings) -> &'static str {
    if is_https(settings) { SECURE } else { PLAIN }
}

/// Whether users reach the server by https.
pub(super) fn is_https(settings: &Settings) -> bool {
    settings.http.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn settings(url: Option<&str>) -> Settings {
        let mut settings = Settings::default();
        settings.http.public_url = url.map(str::to_owned);
        settings
    }

    #[test]
    fn u11_cookies_are_for_this_host_alone() {
        let token = Token::random();
        let secure = token.set_cookie(&settings(Some("https://sky.example.org")));
        let secure = secure.to_str().unwrap();
        assert!(secure.starts_with(&format!("__Host-crowdsky={};", token.as_str())));
        assert!(
            ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"].iter().all(|word| secure.contains(word)),
            "{secure}"
        );
        let plain = token.set_cookie(&settings(None));
        assert!(!plain.to_str().unwrap().contains("Secure") && plain.to_str().unwrap().contains("HttpOnly"));
    }

    #[test]
    fn a_request_gives_its_token_and_no_other() {
        let (settings, token) = (settings(None), Token::random());
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=b; crowdsky=short"));
        assert_eq!(Token::of(&headers, &settings), None);
        let good = format!("x=y; crowdsky={}", token.as_str());
        headers.insert(header::COOKIE, HeaderValue::from_str(&good).unwrap());
        assert_eq!(Token::of(&headers, &settings), Some(token));
    }

    #[test]
    fn u15_the_form_token_belongs_to_the_cookie() {
        let (token, other) = (Token::random(), Token::random());
        assert_eq!(token.csrf().len(), 64);
        assert!(token.allows(&token.csrf()) && !token.allows(&other.csrf()) && !token.allows(""));
    }
}
