package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"yardstick/pkg/awscloud"
	"yardstick/pkg/config"
	"yardstick/pkg/credential"
	"yardstick/pkg/export"
	"yardstick/pkg/snapshot"
)

// Level says how a finding bears on the next export.
type Level string

// Levels of findings, from good to bad.
const (
	OK    Level = "ok"
	Warn  Level = "warn"  // it may work, or will after what the message says; or it could not be seen
	Fault Level = "fault" // it will not work, or not right
)

// Report is what a check found.
type Report struct {
	Version  int       `json:"version"` // 1
	Findings []Finding `json:"findings"`
}

// Finding is one thing that a check looked at. It names secrets and never holds any of their content.
type Finding struct {
	Level   Level    `json:"level"`
	Source  string   `json:"source,omitempty"`  // "scrapright"; "" for what all sources share
	Account string   `json:"account,omitempty"` // "" for what all accounts share
	Subject string   `json:"subject"`           // "bucket", "api_key_secret", "purchases"
	Message string   `json:"message"`           // one line, which says all that is to be known
	Change  []string `json:"change,omitempty"`  // lines of the configuration to change, as they stand in the file
}

// Worst is the worst level of the findings; OK where there are none.
func (r Report) Worst() Level {
	worst := OK
	for _, f := range r.Findings {
		if f.Level == Fault || f.Level == Warn && worst == OK {
			worst = f.Level
		}
	}
	return worst
}

// Check looks at what an export needs: the bucket, the secrets, what is granted and who is at work. It writes nothing
// and spends no token; ScrapRight is not called, and Scrunch for its list of brands. What cannot be seen that way, the
// findings say. What goes wrong on the way is a finding too. It blocks for a few calls for each account, and ends with ctx.
func (a *App) Check(ctx context.Context) Report {
	r := Report{Version: 1, Findings: []Finding{a.checkBucket(ctx)}}
	if a.Configured.Webhook != nil {
		r.Findings = append(r.Findings, a.checkWebhook(ctx))
	}
	for _, c := range a.Configured.ScrapRight {
		for _, f := range a.checkScrapRight(ctx, c) {
			f.Source, f.Account = ScrapRight, c.Account
			r.Findings = append(r.Findings, f)
		}
	}
	for _, c := range a.Configured.Scrunch {
		for _, f := range a.checkScrunch(ctx, c) {
			f.Source, f.Account = Scrunch, c.Account
			r.Findings = append(r.Findings, f)
		}
	}
	return r
}

func finding(level Level, subject, format string, args ...any) Finding {
	return Finding{Level: level, Subject: subject, Message: fmt.Sprintf(format, args...)}
}

// checkBucket lists one key.
func (a *App) checkBucket(ctx context.Context) Finding {
	const subject = "bucket"
	bucket, prefix := a.Configured.Bucket, a.Configured.Prefix
	holds := "nothing yet"
	for _, err := range a.store.List(ctx, prefix, "") {
		switch {
		case errors.Is(err, awscloud.ErrNoBucket):
			return finding(Fault, subject, "%s does not exist; create it, or correct bucket in the configuration", bucket)
		case errors.Is(err, snapshot.ErrDenied):
			return finding(Fault, subject, "%s: %v; allow the role s3:ListBucket on it", bucket, err)
		case err != nil:
			return finding(Fault, subject, "%s: %v", bucket, err)
		}
		holds = "something already"
		break
	}
	return finding(OK, subject, "s3://%s/%s can be listed and holds %s; whether the role may write there is not tried",
		bucket, prefix, holds)
}

func (a *App) checkScrapRight(ctx context.Context, c config.ScrapRight) []Finding {
	found, err := a.inspect(ctx, c)
	lease, leaseErr := a.lease(ctx, c.Account)
	keyErr, sessionErr := faultOf(err, c.APIKeySecret), faultOf(err, c.SessionSecret)
	findings := []Finding{checkKey(c, found, keyErr), checkSession(c, found, sessionErr, a.Now())}
	if keyErr == nil && sessionErr == nil {
		findings = append(findings, checkRenewal(found, lease, a.Now()))
	}
	return append(findings, checkPace(c, found), checkZone(c), checkLease(lease, leaseErr, a.Now()))
}

// inspect looks into an account's two secrets. There is no way from here to the vendor's token calls.
func (a *App) inspect(ctx context.Context, c config.ScrapRight) (credential.Inspection, error) {
	return credential.New(credential.Config{Vault: a.vault, KeySecret: c.APIKeySecret, SessionSecret: c.SessionSecret,
		Now: a.Now, Log: a.Log}).Inspect(ctx)
}

// faultOf is the part of an Inspection's error that is about a secret, or about none in particular.
func faultOf(err error, secret string) error {
	parts := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		parts = joined.Unwrap()
	}
	for _, part := range parts {
		if fault, ok := errors.AsType[*credential.SecretFault](part); part != nil && (!ok || fault.Secret == secret) {
			return part
		}
	}
	return nil
}

func checkKey(c config.ScrapRight, found credential.Inspection, err error) Finding {
	const subject = "api_key_secret"
	if err != nil {
		return finding(Fault, subject, "%v", err)
	}
	return finding(OK, subject, "%s holds an API key (version %s); whether ScrapRight takes it is not tried",
		c.APIKeySecret, short(found.KeyVersion))
}

// checkSession tells what there is.
func checkSession(c config.ScrapRight, found credential.Inspection, err error, now time.Time) Finding {
	const subject = "session_secret"
	s, version := found.Session, short(found.SessionVersion)
	switch {
	case err != nil:
		return finding(Fault, subject, "%v", err)
	case found.SessionAbsent:
		return finding(Warn, subject, "%s is not there yet; the next export creates it, if its role may", c.SessionSecret)
	case s.AccessToken.Empty() && s.RefreshToken.Empty():
		return finding(OK, subject, "%s holds no session", c.SessionSecret)
	case !found.KeyUsable:
		return finding(Warn, subject, "%s (version %s) holds a session of API key version %s; whether that is the current one cannot be seen",
			c.SessionSecret, version, short(s.KeyVersion))
	case s.KeyVersion != found.KeyVersion:
		return finding(OK, subject, "%s (version %s) holds a session of API key version %s, and %s is current",
			c.SessionSecret, version, short(s.KeyVersion), short(found.KeyVersion))
	case found.Live:
		return finding(OK, subject, "%s (version %s) holds a live session until %s", c.SessionSecret, version, moment(s.AccessExpiresAt, now))
	case s.AccessToken.Empty():
		return finding(OK, subject, "%s (version %s) holds no access token", c.SessionSecret, version)
	}
	kind := "a session that ended at"
	if s.AccessExpiresAt.After(now) {
		kind = "a session with too little time left, until"
	}
	return finding(OK, subject, "%s (version %s) holds %s %s", c.SessionSecret, version, kind, moment(s.AccessExpiresAt, now))
}

// checkRenewal forecasts how exports come by their next token, and until when they need no exchange for it.
func checkRenewal(found credential.Inspection, lease export.Lease, now time.Time) Finding {
	const subject = "renewal"
	s, current := found.Session, found.Session.KeyVersion == found.KeyVersion
	sent := slices.Contains(lease.Notes, s.RefreshToken.Hash())
	switch {
	case !current && !s.AccessToken.Empty():
		return finding(OK, subject, "the next export exchanges the new API key")
	case current && sent && !found.Live:
		return finding(OK, subject, "the next export exchanges the API key: the stored refresh token was sent before, and may be spent")
	case current && !sent && !s.RefreshToken.Empty() && s.RefreshExpiresAt.After(now):
		first := "the next export refreshes the session"
		if found.Live {
			first = "exports use the session until " + moment(found.Due(), now) + " and then refresh it"
		}
		return finding(OK, subject, "%s, by %s at the latest; past that the API key is exchanged", first, moment(s.RefreshExpiresAt, now))
	case found.Live:
		return finding(OK, subject, "exports use the session until %s and then exchange the API key", moment(found.Due(), now))
	}
	return finding(OK, subject, "the next export exchanges the API key")
}

func checkPace(c config.ScrapRight, found credential.Inspection) Finding {
	const subject = "pace"
	limit, of := found.Limit, "as granted"
	level := OK
	switch {
	case found.Assumed:
		level, of = Warn, "assumed: the last grant named no usable limit"
	case found.Session.AccessToken.Empty():
		of = "assumed until the first grant"
	}
	if own := c.RequestsPerMinute; own > 0 && own < limit {
		return finding(level, subject, "%d requests a minute by requests_per_minute, below %d %s", own, limit, of)
	}
	return finding(level, subject, "%d requests a minute, %s", limit, of)
}

func checkZone(c config.ScrapRight) Finding {
	if c.Timezone == "UTC" {
		return finding(Warn, "timezone", "UTC, as it is where nothing is configured: days end at midnight UTC; "+
			"set it to the yard's own, such as America/Chicago")
	}
	return finding(OK, "timezone", "%s", c.Timezone)
}

func (a *App) lease(ctx context.Context, account string) (export.Lease, error) {
	return export.ReadLease(ctx, a.store, a.layout(), ScrapRight, account)
}

func checkLease(h export.Lease, err error, now time.Time) Finding {
	const subject = "lease"
	switch {
	case errors.Is(err, snapshot.ErrForm):
		return finding(Warn, subject, "%v; the next run writes it anew", err)
	case err != nil:
		return finding(Fault, subject, "%v", err)
	case h.Holder == "":
		return finding(OK, subject, "free; no run has held the account yet")
	case h.Released:
		return finding(OK, subject, "free; run %s held the account last", h.Holder)
	case h.Held(now):
		return finding(OK, subject, "run %s is at work on the account, until %s at the latest", h.Holder, moment(h.ExpiresAt, now))
	}
	return finding(Warn, subject, "run %s did not give the account back and lost it at %s; the next run takes it over",
		h.Holder, moment(h.ExpiresAt, now))
}

// moment is a time, and how far off it is.
func moment(t, now time.Time) string {
	text, far := t.UTC().Format("2006-01-02 15:04 UTC"), t.Sub(now).Round(time.Minute)
	switch {
	case far <= -48*time.Hour, far >= 48*time.Hour:
		days := int(far.Round(24*time.Hour) / (24 * time.Hour))
		if days < 0 {
			return fmt.Sprintf("%s (%d days ago)", text, -days)
		}
		return fmt.Sprintf("%s (in %d days)", text, days)
	case far < 0:
		return fmt.Sprintf("%s (%s ago)", text, clock(-far))
	}
	return fmt.Sprintf("%s (in %s)", text, clock(far))
}

func clock(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

// short is enough of a VersionId to tell it from others.
func short(version string) string {
	const enough = 8
	if version == "" {
		return "unknown"
	}
	return version[:min(enough, len(version))]
}
