package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are known here whatever the machine has
	"unicode"
	"unicode/utf8"
)

func accountName() format[string] {
	return text[string]{expected: `1 to 32 of a-z, 0-9 and "-"`, pattern: `^[a-z0-9-]{1,32}$`, fit: asWritten}.format()
}

// bucket is the name of a general purpose bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func bucket() format[string] {
	return text[string]{
		expected: `the name of an S3 bucket: 3 to 63 of a-z, 0-9, "-" and ".", as S3 allows them`,
		pattern:  `^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`,
		fit: func(s string) (string, bool) {
			for _, start := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
				if strings.HasPrefix(s, start) {
					return "", false
				}
			}
			for _, end := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
				if strings.HasSuffix(s, end) {
					return "", false
				}
			}
			_, notAddress := netip.ParseAddr(s)
			return s, notAddress != nil && !strings.Contains(s, "..")
		},
	}.format()
}

// longestPrefix leaves room below S3's 1024 bytes for the longest key.
const longestPrefix = 700

func prefix() format[string] {
	return text[string]{
		expected: fmt.Sprintf(`a prefix of keys such as "reports/", at most %d bytes, not beginning with "/", `+
			`without control characters and without empty, "." and ".." segments`, longestPrefix),
		pattern: `^([^/]+/)*[^/]*$`,
		fit: func(s string) (string, bool) {
			if s == "" {
				return "", true
			}
			s = strings.TrimSuffix(s, "/") + "/"
			fits := len(s) <= longestPrefix && !strings.ContainsFunc(s, unicode.IsControl)
			return s, fits && !hasDots(s)
		},
	}.format()
}

// hasDots says that a path has segments that some readers would fold away.
func hasDots(path string) bool {
	return slices.ContainsFunc(strings.Split(path, "/"), func(s string) bool { return s == "." || s == ".." })
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// address is the URL of a vendor.
func address() format[string] {
	return text[string]{
		expected: `an https URL (http only to a loopback address) with a host, without user, query, fragment, ` +
			`empty segments and ".." segments`,
		pattern: `^https?://`,
		fit: func(s string) (string, bool) {
			u, err := url.Parse(s)
			if err != nil || strings.ContainsAny(s, "@?#") {
				return "", false
			}
			host := u.Hostname()
			ip, err := netip.ParseAddr(host)
			named := err != nil && hostName.MatchString(host)
			loopback := ip.IsLoopback() || strings.EqualFold(host, "localhost")
			path := strings.TrimSuffix(u.EscapedPath(), "/")
			fits := (named || ip.IsValid() && ip.Zone() == "") && fitPort(u) && (u.Scheme == "https" || loopback) &&
				!hasDots(u.Path) && !strings.Contains(path+"/", "//")
			return u.Scheme + "://" + u.Host + path, fits
		},
		show: func(s string) string {
			if strings.ContainsAny(s, "@?#") {
				return "a text with a user, a query or a fragment" // which may hold a secret
			}
			return quoted(s)
		},
	}.format()
}

func fitPort(u *url.URL) bool {
	_, err := netip.ParseAddrPort("127.0.0.1:" + u.Port())
	return err == nil || u.Port() == "" && !strings.HasSuffix(u.Host, ":")
}

// webhookSecretPrefix begins a signing secret of Standard Webhooks, which is no secret's name.
const webhookSecretPrefix = "whsec_"

// secret is where a secret lies. A fault never shows the value: it may be the secret itself.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func secret() format[string] {
	return text[string]{
		expected: "the name (1 to 512 letters, digits and /_+=.@-) or the ARN of a secret in Secrets Manager",
		pattern:  `^(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:)?[A-Za-z0-9/_+=.@-]+$`,
		fit: func(s string) (string, bool) {
			_, name, isARN := splitARN(s)
			fits := len(name) <= 512 || isARN && len(name) <= 519 // "-" and six characters, which Secrets Manager adds
			return s, fits && !strings.HasPrefix(s, webhookSecretPrefix)
		},
		show: func(s string) string {
			if strings.HasPrefix(s, webhookSecretPrefix) {
				return "a signing secret itself"
			}
			if s == "" {
				return "an empty text"
			}
			return fmt.Sprintf("a text of %d characters that is neither", utf8.RuneCountInString(s))
		},
	}.format()
}

// function is a Lambda function, perhaps with a version or an alias.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func function() format[string] {
	return text[string]{
		expected: "the name or ARN of a Lambda function",
		pattern: `^(arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:)?[A-Za-z0-9_-]+` +
			`(:(\$LATEST|[A-Za-z0-9_-]+))?$`,
		longest: 170,
		fit:     asWritten,
	}.format()
}

// zone is a time zone. Every name in the IANA database begins with a capital letter; what a machine has beside them
// (localtime, posix/..., right/...) does not.
func zone() format[*time.Location] {
	return text[*time.Location]{
		expected: `a time zone of the IANA database such as "America/Chicago"`,
		pattern:  `^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`,
		fit: func(s string) (*time.Location, bool) {
			zone, err := time.LoadLocation(s)
			return zone, err == nil && zone != time.Local
		},
	}.format()
}

const day = "2006-01-02"

func date() format[string] {
	return text[string]{
		expected: "a date such as 2026-01-31, from 1970 on",
		pattern:  `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`,
		fit: func(s string) (string, bool) {
			t, err := time.Parse(day, s)
			return s, err == nil && t.Year() >= 1970
		},
	}.format()
}

// duration is spelt as Go spells it. 0 is the one number that needs no unit.
func duration() format[time.Duration] {
	f := text[time.Duration]{
		expected: "a duration with its unit, such as 90s, 30m or 6h",
		pattern:  `^\+?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`,
		fit: func(s string) (time.Duration, bool) {
			d, err := time.ParseDuration(s) // the pattern lets no minus through
			return d, err == nil
		},
	}.format()
	f.schema = object{{"anyOf", []object{f.schema, {{"const", 0}}}}}
	f.spell = func(d time.Duration) any {
		s := d.String()
		if strings.HasSuffix(s, "m0s") {
			s = strings.TrimSuffix(s, "0s")
		}
		if strings.HasSuffix(s, "h0m") {
			s = strings.TrimSuffix(s, "0m")
		}
		return s
	}
	return f
}

func guard() format[Guard] {
	return text[Guard]{
		expected: "warn or refuse",
		enum:     []string{string(GuardWarn), string(GuardRefuse)},
		fit:      func(s string) (Guard, bool) { return Guard(s), true },
	}.format()
}

// path is that of a resource, below a vendor's URL.
func path() format[string] {
	return text[string]{
		expected: `a path such as "/api/v1/purchase", without host, query, empty segments and ".." segments`,
		pattern:  `^(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+/?$`,
		fit: func(s string) (string, bool) {
			decoded, err := url.PathUnescape(s)
			return s, err == nil && !hasDots(decoded)
		},
	}.format()
}

func parameter() format[string] {
	return text[string]{
		expected: "the name of a query parameter, not page or pageSize",
		pattern:  `^[A-Za-z0-9_.:$~@\[\]-]+$`,
		longest:  100,
		fit:      func(s string) (string, bool) { return s, s != "page" && s != "pageSize" },
	}.format()
}

// layout is Go's layout of a date. Every day of a leap year must come back from it.
func layout() format[string] {
	return text[string]{
		expected: "a layout of Go's, with year, month and day: 2 January 2006 as it is to be written, " +
			"such as 2006-01-02 or 01/02/2006",
		longest: 60,
		fit: func(s string) (string, bool) {
			first := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
			for t := first; t.Year() == 2024; t = t.AddDate(0, 0, 1) {
				back, err := time.Parse(s, t.Format(s))
				if err != nil || back.Format(day) != t.Format(day) {
					return "", false
				}
			}
			return s, true
		},
	}.format()
}

// pointer is a JSON pointer (RFC 6901). The empty one is the whole.
func pointer() format[string] {
	return text[string]{
		expected: `a JSON pointer such as "/Data/Items", or "" for none`,
		pattern:  `^(/([^~/]|~[01])*)*$`,
		fit:      asWritten,
	}.format()
}

// inner is a JSON pointer to something inside the whole.
func inner() format[string] {
	return text[string]{
		expected: `a JSON pointer to a member, such as "/DriverLicense"`,
		pattern:  `^(/([^~/]|~[01])*)+$`,
		fit:      asWritten,
	}.format()
}

func field() format[string] {
	return text[string]{expected: "the name of a field", pattern: `^[a-z0-9_]+$`, longest: 64, fit: asWritten}.format()
}

func filter() format[string] {
	return text[string]{
		expected: `a filter as field:value, such as "ai_platform:ChatGPT"`,
		pattern:  `^[a-z0-9_]+:.`,
		fit:      asWritten,
	}.format()
}
