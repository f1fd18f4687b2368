package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestWhatFits(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, c := range []struct {
		where, key string
		fits       []string
	}{
		{"top", "bucket", []string{"abc", long, "0.a-b", "my.bucket.example", "1234", "xn-a"}},
		{"top", "prefix", []string{`""`, "a", "a/", "a b/ä..z/", "2026", "_x/account=main", ".a", "a\\b"}},
		{"yard", "account", []string{`"-"`, "a1-b2", strings.Repeat("9", 32), "007"}},
		{"yard", "url", []string{"https://ACME.example:8443/a%20b", "http://localhost:1", "http://[::1]:80",
			"http://127.9.9.9/", "https://[2001:db8::1]/x", "https://yard_1.example"}},
		{"yard", "api_key_secret", []string{"a", "/a_+=.@-Z9", strings.Repeat("n", 512), "123",
			"arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:" + strings.Repeat("n", 519)}},
		{"yard", "timezone", []string{"UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT", "GB-Eire"}},
		{"yard", "start", []string{"2024-02-29", `"2026-01-01"`, "1970-01-01"}},
		{"yard", "restate_days", []string{"0", "365"}},
		{"yard", "restate_every", []string{"0", `"0"`, "0s", "1.5h", "1h30m", ".5m", "+6h", "100ms", "2562047h"}},
		{"yard", "guard", []string{"warn", `"refuse"`}},
		{"yard", "requests_per_minute", []string{"0", "100000"}},
		{"yard", "datasets", []string{"{}", "{purchases: {}}", "{customers: {page_size: 1, path: '/a;b=c/d~e/'}}",
			"{purchases: {from: to, to: from}}", "{purchases: {records: /, total: '/a~0b~1c/0'}}",
			"{businesses: {omit: []}}", "{businesses: {omit: [/, /a/0, '/a b/ü']}}", "{customers: {off: True}}"}},
		{"brands", "brands", []string{"[]", "[1, 9223372036854775807]"}},
		{"brands", "concurrency", []string{"1", "64"}},
		{"brands", "reports", []string{"{brand_daily: {}}", "{brand_daily: {on: true, off: false}}",
			"{brand_daily: {off: true}}", "{brand_daily: {fields: [date, responses], filters: []}}",
			"{weekly_2: {fields: [date_week], filters: ['ai_platform:ChatGPT|Claude', 'branded:!true'], off: true}}"}},
		{"brands", "datasets", []string{"{brands: {off: true}, responses: {omit: [/response_text]}}"}},
		{"top", "webhook", []string{
			"{secret: hook, functions: {scrapright: 'f:live', scrunch: 'f:$LATEST'}}",
			"{secret: hook, functions: {scrunch: 'arn:aws:lambda:us-east-2:123456789012:function:f:7'}}"}},
	} {
		for _, value := range c.fits {
			if got := faults(t, with(c.where, c.key, value)); got != nil {
				t.Errorf("%s: %s: %q", c.key, value, got)
			}
		}
	}
}

func TestLayoutsThatGiveTheDateBackFit(t *testing.T) {
	for _, layout := range []string{"2006-01-02", "01/02/2006", "1/2/2006", "20060102", "2 Jan 2006", "January 2, 2006",
		"2006-002", "2006-01-02T15:04:05Z07:00", "02.01.06", "Mon, 02 Jan 2006"} {
		text := with("yard", "datasets", fmt.Sprintf("{purchases: {date_format: %q}}", layout))
		if got := faults(t, text); got != nil {
			t.Errorf("%s: %q", layout, got)
		}
	}
}

func TestURLsAndPrefixesAreBroughtToOneForm(t *testing.T) {
	for given, expected := range map[string]string{
		"https://acme.example/":      "https://acme.example",
		"https://acme.example/v1/":   "https://acme.example/v1",
		"https://acme.example:443/a": "https://acme.example:443/a",
		"http://[::1]:8080/":         "http://[::1]:8080",
		"https://acme.example/a%2Fb": "https://acme.example/a%2Fb",
	} {
		c, err := Parse([]byte(with("yard", "url", given)))
		if err != nil {
			t.Errorf("%s: %v", given, err)
		} else if got := c.ScrapRight[0].URL; got != expected {
			t.Errorf("%s becomes %s", given, got)
		}
	}
	for given, expected := range map[string]string{`""`: "", "a": "a/", "a/b/": "a/b/", "2026": "2026/"} {
		c, err := Parse([]byte(with("top", "prefix", given)))
		if err != nil {
			t.Errorf("%s: %v", given, err)
		} else if c.Prefix != expected {
			t.Errorf("prefix %s becomes %q", given, c.Prefix)
		}
	}
}

// planted stands for a credential that someone put where none belongs.
const planted = "hunter2"

func TestFaultsShowNothingThatMightBeASecret(t *testing.T) {
	for _, text := range []string{
		with("yard", "api_key", planted),
		with("yard", "access-token", `"`+planted+`"`),
		with("yard", "password", "{value: "+planted+"}"),
		with("top", "secrets", "["+planted+"]"),
		with("yard", "api_key_secret", "not a name "+planted),
		with("yard", "api_key_secret", "{api_key: "+planted+"}"),
		with("yard", "session_secret", "[!x "+planted+"]"),
		with("yard", "session_secret", "!x "+planted),
		with("yard", "session_secret", "!"+planted+" x"),
		with("yard", "session_secret", "!!bool "+planted),
		with("yard", "url", "!!null "+planted),
		with("yard", "session_secret", "|\n      "+planted+"\n      more"),
		with("yard", "url", "https://user:"+planted+"@acme.example"),
		with("yard", "url", "acme.example/?token="+planted),
		with("yard", "url", "'ftp://acme.example/#"+planted+"'"),
		with("top", "webhook", "{secret: whsec_"+planted+", functions: {scrunch: f}}"),
		with("top", "webhook", "whsec_"+planted),
		with("top", "webhook", planted),
		with("top", "webhook", "{whsec_"+planted+"}"),
		with("top", "webhook", "[whsec_"+planted+"]"),
		with("top", "key", "*"+planted),
		with("brands", "api_key_secret", "session") + "# " + planted,
		planted,
		"api_key " + planted,
	} {
		found := faults(t, text)
		if len(found) == 0 {
			t.Errorf("no fault:\n%s", text)
		}
		if all := strings.Join(found, "\n"); strings.Contains(all, planted) {
			t.Errorf("%s\nshows\n%s", text, all)
		}
	}
}

func TestDatesDoNotTakeThePlaceOfThePage(t *testing.T) {
	for _, text := range []string{"{from: page}", "{from: pageSize}", "{to: page}", "{to: pageSize}"} {
		if faults(t, with("yard", "datasets", "{purchases: "+text+"}")) == nil {
			t.Errorf("Parse takes %s", text)
		}
	}
}
