package simulator

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRefreshTokenRotatesOnEverySuccessfulUse(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	seen := map[string]bool{c.refresh: true, c.access: true}
	for range 5 {
		spent := c.refresh
		status, body := c.useRefresh(spent)
		if status != http.StatusOK || !strings.Contains(body, `"token_type":"Bearer"`) {
			t.Fatalf("refresh: %d %s", status, body)
		}
		c.keep(body)
		for _, token := range []string{c.access, c.refresh} {
			if seen[token] {
				t.Error("a token was issued twice")
			}
			seen[token] = true
		}
		status, body = c.useRefresh(spent)
		if status != http.StatusUnauthorized || !strings.Contains(body, "already been used") {
			t.Errorf("a spent token: %d %s", status, body)
		}
		if err := c.CheckPair(c.access, c.refresh); err != nil {
			t.Error(err)
		}
	}
	if got := len(c.RefreshTokensSentTwice()); got != 5 {
		t.Errorf("%d tokens were sent twice; expected 5", got)
	}
}

func TestOneOfManySimultaneousRefreshesWins(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { c.useRefresh(c.refresh) })
	}
	wg.Wait()
	if got := c.CountStatus(http.StatusOK); got != 2 { // the exchange before, and one refresh
		t.Errorf("%d calls succeeded; expected 2", got)
	}
}

func TestTokensExpire(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	c.clock.add(time.Hour - time.Second)
	if status, _ := c.get("/api/v1/business"); status != http.StatusOK {
		t.Errorf("a second before the end: %d", status)
	}
	c.clock.add(time.Second)
	if status, body := c.get("/api/v1/business"); status != http.StatusUnauthorized || !strings.Contains(body, "expired") {
		t.Errorf("at the end: %d %s", status, body)
	}
	if err := c.CheckPair(c.access, c.refresh); err == nil || !strings.Contains(err.Error(), "access token") {
		t.Errorf("CheckPair: %v", err)
	}
	c.clock.add(30 * 24 * time.Hour)
	if status, body := c.useRefresh(c.refresh); status != http.StatusUnauthorized || !strings.Contains(body, "expired") {
		t.Errorf("refresh after 30 days: %d %s", status, body)
	}
}

func TestLifetimesAreToldAsConfigured(t *testing.T) {
	c := newYardClient(t, YardConfig{AccessTTL: 90 * time.Second, RefreshTTL: 2 * time.Hour})
	_, body := c.exchangeKey(testKey)
	if !strings.Contains(body, `"expires_in":90,"refresh_token_expires_in":7200`) {
		t.Error(body)
	}
}

func TestNewKeyEndsTheOldOneAndItsTokensAtOnce(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	c.Revoke("key-two")
	if status, _ := c.get("/api/v1/business"); status != http.StatusUnauthorized {
		t.Errorf("the old access token: %d", status)
	}
	if status, _ := c.useRefresh(c.refresh); status != http.StatusUnauthorized {
		t.Errorf("the old refresh token: %d", status)
	}
	if status, _ := c.exchangeKey(testKey); status != http.StatusUnauthorized {
		t.Errorf("the old key: %d", status)
	}
	status, body := c.exchangeKey("key-two")
	if status != http.StatusOK {
		t.Fatalf("the new key: %d %s", status, body)
	}
	c.keep(body)
	if err := c.CheckPair(c.access, c.refresh); err != nil {
		t.Error(err)
	}
}

func TestSessionOutlivesTheProcess(t *testing.T) {
	first := newYardClient(t, YardConfig{Seed: 7})
	tests := map[string]struct {
		cfg    YardConfig
		status int
	}{
		"same seed and key": {YardConfig{Seed: 7, APIKey: testKey}, http.StatusOK},
		"other seed":        {YardConfig{Seed: 8, APIKey: testKey}, http.StatusUnauthorized},
		"other key":         {YardConfig{Seed: 7, APIKey: "another"}, http.StatusUnauthorized},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			second := newYardClient(t, tt.cfg)
			if second.access == first.access || second.refresh == first.refresh {
				t.Error("two processes issued the same token")
			}
			second.access = first.access
			if status, body := second.get("/api/v1/business"); status != tt.status {
				t.Errorf("access: %d %s; expected %d", status, body, tt.status)
			}
			if status, body := second.useRefresh(first.refresh); status != tt.status {
				t.Errorf("refresh: %d %s; expected %d", status, body, tt.status)
			}
		})
	}
}

func TestExchangeEndsEarlierSessionsOnlyWhereSaidSo(t *testing.T) {
	for _, ends := range []bool{false, true} {
		c := newYardClient(t, YardConfig{ExchangeEndsSessions: ends})
		access, refresh := c.access, c.refresh
		c.login()
		if ended := c.CheckPair(access, refresh) != nil; ended != ends {
			t.Errorf("ExchangeEndsSessions %v: the earlier session ended: %v", ends, ended)
		}
		if err := c.CheckPair(c.access, c.refresh); err != nil {
			t.Error(err)
		}
	}
}

func TestReuseEndsTheFamilyOnlyWhereSaidSo(t *testing.T) {
	for _, kills := range []bool{false, true} {
		c := newYardClient(t, YardConfig{ReuseKillsFamily: kills})
		otherAccess, otherRefresh := c.access, c.refresh
		c.login()
		spent := c.refresh
		_, body := c.useRefresh(spent)
		c.keep(body)
		if status, _ := c.useRefresh(spent); status != http.StatusUnauthorized {
			t.Errorf("a spent token: %d", status)
		}
		if ended := c.CheckPair(c.access, c.refresh) != nil; ended != kills {
			t.Errorf("ReuseKillsFamily %v: the family ended: %v", kills, ended)
		}
		if err := c.CheckPair(otherAccess, otherRefresh); err != nil {
			t.Errorf("a session of another exchange: %v", err)
		}
	}
}

func TestTokenHasOneSpelling(t *testing.T) {
	c := newYardClient(t, YardConfig{})
	accepted := 0
	for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		if c.CheckPair(c.access[:len(c.access)-1]+string(last), c.refresh) == nil {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("%d spellings of one token are accepted", accepted)
	}
}

// FuzzToken: whatever is presented, no token passes but those that were issued, letter for letter.
func FuzzToken(f *testing.F) {
	clock := newClock()
	s := newSessions(YardConfig{APIKey: testKey, Now: clock.now})
	issue := func(use string) string { // the same in every process of the fuzzer, as exchange would not be
		token, err := signToken(s.signing, claims{Use: use, Session: "s", ID: use, ExpiresAt: clock.now().Unix() + 60})
		if err != nil {
			f.Fatal(err)
		}
		return token
	}
	p := pair{issue(accessUse), issue(refreshUse)}
	if err := s.checkPair(p.access, p.refresh); err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{p.access, p.refresh, p.access + "=", p.access[:len(p.access)-1], "", ".", "..", "a.b.c",
		"eyJhbGciOiJub25lIn0.e30.", strings.ToUpper(p.access)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if s.authorize(token) == nil && token != p.access {
			t.Errorf("accepted as access token: %q", token)
		}
		if s.checkPair(p.access, token) == nil && token != p.refresh {
			t.Errorf("accepted as refresh token: %q", token)
		}
	})
}
