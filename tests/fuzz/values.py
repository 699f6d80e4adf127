"""Values that a hostile client puts into fields, arguments, heads and bodies. Bytes are sent as they are, quoted."""

PROBE = "fuzz-probe"
# Each would make an element or an attribute of that name, or be worked out, wherever a page forgot to escape it.
MARKUP = (
    f"<{PROBE}>", f"</textarea></select></title></script><{PROBE} on{PROBE}=1>", f"\"><{PROBE} x=\"", f"'><{PROBE} x='",
    f"\" {PROBE}=\"1", f"' {PROBE}='1", f"x {PROBE}=1 on{PROBE}=1", f"<!--<{PROBE}>-->", f"javascript:{PROBE}",
    f"{{{{'{PROBE}'*2}}}}", f"{{% raw %}}<{PROBE}>", f"${{{PROBE}}}", f"&lt;{PROBE}&gt;", f"https://intune.microsoft.com/\"<{PROBE}>",
)  # fmt: skip
# All of it at once, short enough for any field.
PLANT = f"a\"><{PROBE} x=\"'><{PROBE} {PROBE}='{{{{'{PROBE}'*2}}}}"
# Each was an error once, or would be a likely one; for every field there is.
SHORT = (PLANT, "\x00", "9" * 5000, "99999999999999999999", "²", "A" * 5000, "", "😀" * 300)
SQL = ("' OR 1=1 --", "'; DROP TABLE users; --", "%", "_", "\\", "%' ESCAPE '", "1) OR (1=1", "\x00' --")
TEXTS = (
    "", " ", "\t\n\r", "\x00", "a\x00b", "x\r\nSet-Cookie: fuzz=1", "\u202eabc\u202c", "\x1b[31mred", "\u200b", "\ufeff",
    "\x7f\x80\x9f", "\u0130\u0131\u1e9e", "😀", "é" * 300, "A" * 256, "A" * 1001, "A" * 5000, "😀" * 300, "e\u0301" * 200,
    "a b c d e f g h i j", "null", "true", "[]", '{"a": 1}', "../../etc/passwd", "C:\\con", "//evil.example", "http://[",
    "/\\evil.example", "https://evil.example/", "group x", "group 5f3759df-0000-4000-8000-000000000001 name", "user\x1c1",
)  # fmt: skip
NUMBERS = (
    "-1", "0", "1", "2", "3.5", "1e309", "NaN", "Infinity", "²", "١٢", "0x10", "1_000", " 7 ", "+7", "00001", "2147483647",
    "2147483648", "9223372036854775807", "9223372036854775808", "99999999999999999999", "-9223372036854775809", "9" * 400,
    "9" * 5000,
)  # fmt: skip
DATES = ("0001-01-01", "9999-12-31", "2026-02-30", "0000-00-00", "+10000-01-01", "2026-W01-1", "20260101", "2026-1-1")
CRONS = (
    "* * * * *", "0 0 31 2 *", "*/0 * * * *", "@reboot", "0 0 * * 8", "0-99999999 * * * *", "0 0 L * *", "0 0 29 2 1#5",
    "1,1,1 1 1 1 1", "0 0 1 1 * 2099", "Europe/Vienna", "../UTC", "posixrules", "localtime", "0 0 * * MON-SUN",
)  # fmt: skip
WORDS = ("all", "some", "find", "yes", "no", "none", "off", "copy", "exact", "leave", "update", "admin", "capture", "back_up",
         "unread", "unwell", "succeeded", "csv", "operator", "groups")  # fmt: skip
# No text in UTF-8: cut short, overlong, half a character, and what is no percent-encoding at all.
BYTES = (b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"abc\xe2\x82", b"\xf0\x9f", b"\xf8\x88\x80\x80\x80", b"\x00\xff")
RAW = (b"%", b"%zz", b"%u0041", b"%00", b"%C0%AE", b"a=b=c&&&=&=x", b";;;", b"+++", b"%ED%A0%80", b"[]=1&x[]=2&x[y]=3")
# What would lead a request of ours to Microsoft Graph to another place, in whichever field it came.
STEERING = (
    "x/../../../identity/conditionalAccess/namedLocations?", "../../../../groups/GID/members", "..", ".", "x/y", "//evil",
    "https://evil.example/beta/", "/beta/users", "x?$filter=a", "x#y", "x&$expand=y", "%2e%2e%2f%2e%2e%2fgroups", "%252e%252e%252f",
    "x%2f..%2fy", "x%3f", "x%23", "x%00", "'", "x' or '1' eq '1", "x')/members/$ref", "x','y", "..\\..\\groups", "x\\y", "x\ny", "x\r\nHost: evil",
    "x\u2028y", "$batch", "{directory}", "{directory}/../users", "\u2024\u2024/\u2024\u2024/", "．．／．．／", "é/../ü", "x;y/..;/z", "x" * 5000,
    "#microsoft.graph.x/../../../groups/GID/members?", "#microsoft.graph.group", "microsoft.graph.user", "c1/../c2", "C1", "c01", "en-US/../0",
)  # fmt: skip
ALL = (*MARKUP, *STEERING, *SQL, *TEXTS, *NUMBERS, *DATES, *CRONS, *WORDS, *BYTES)

HEADS = {
    "Accept": ("", "*/*", "application/json", "text/html;q=0, application/json", "x" * 300, "a/b;q=inf", ",,;;=", "text/html;q=-1"),
    "Accept-Language": ("xx-XX;q=9", "\xff\xfe"),
    "X-Request-Id": ("", "../../x", "a" * 65, "<fuzz-probe>", "ok-ok-ok-ok"),
    "X-Forwarded-For": ("<fuzz-probe>", "::1, 10.0.0.1", "x" * 300),
    "X-Forwarded-Host": ("evil.example",),
    "Host": ("", "evil.example", "a b", "[::1", "localhost:99999", "x" * 300, "\xff"),
    "Range": ("bytes=0-", "bytes=99999999999999-", "bytes=-1,-2,-3"),
    "If-None-Match": ("*", '"x', "W/"),
    "If-Modified-Since": ("yesterday", "Thu, 01 Jan 1970 00:00:00 GMT"),
    "Referer": ("http://evil.example/", "http://[", "\xff"),
    "Origin": ("null", "http://evil.example"),
    "User-Agent": ("", "<fuzz-probe>", "x" * 3000, "\xff\x01", "a\x00b"),
    "Cookie": ("", "tenantkeep=x", "tenantkeep=.eJw; tenantkeep=;;;", "a=b; \xff=\xff", "=" * 2000),
    "Content-Length": ("-1", "x", "0"),
    "Transfer-Encoding": ("chunked",),
    "Authorization": ("Basic x", "Bearer \xff"),
}  # fmt: skip
BODIES = (
    ("application/json", b'{"a": [1, {"b": NaN}]}'), ("application/json", b"{"), ("application/json", b"[" * 5000),
    ("text/plain", b"a=b"), ("", b"\x00\x01"), ("application/x-www-form-urlencoded; charset=utf-7", b"a=+AGE-"),
    ("application/x-www-form-urlencoded; charset=nonsense", b"a=b"), ("multipart/form-data", b"--x--"),
    ("multipart/form-data; boundary=", b"--"), ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\nc"),
    ("multipart/mixed; boundary=x", b"--x--"), ("application/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>"),
)  # fmt: skip
