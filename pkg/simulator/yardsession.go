package simulator

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// refused is the message of a refusal. It reaches the client.
type refused string

func (r refused) Error() string { return string(r) }

const (
	errNoKey        refused = "API key is missing. Pass it in the X-Api-Key header."
	errKey          refused = "Invalid API key."
	errNoToken      refused = "Access token is missing. Pass it in the X-Access-Token header."
	errBearer       refused = "Invalid access token. Do not include a Bearer prefix."
	errAccessToken  refused = "Invalid access token."
	errAccessLate   refused = "Access token has expired."
	errRefreshToken refused = "Invalid refresh token."
	errRefreshLate  refused = "Refresh token has expired."
	errRefreshSpent refused = "Refresh token has already been used."
	errEnded        refused = "The session has ended."
)

// pair is what an exchange or a refresh grants.
type pair struct{ access, refresh string }

// sessions knows the key and which tokens are worth something.
type sessions struct {
	cfg YardConfig // APIKey is the first key only

	mu      sync.Mutex
	key     string
	signing []byte
	spent   map[string]bool // refresh tokens, by id
	ended   map[string]bool // sessions, by id
	sole    string          // the one session that an exchange left alive; "" = all
}

func newSessions(cfg YardConfig) *sessions {
	s := &sessions{cfg: cfg}
	s.setKey(cfg.APIKey)
	return s
}

func (s *sessions) setKey(key string) {
	seed := binary.BigEndian.AppendUint64([]byte("simulated yard "), s.cfg.Seed)
	sum := sha256.Sum256(append(seed, key...))
	s.key, s.signing = key, sum[:]
	s.spent, s.ended, s.sole = map[string]bool{}, map[string]bool{}, ""
}

func (s *sessions) revoke(newKey string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if newKey == "" || newKey == s.key {
		panic("simulator: Revoke needs a new key: one that is not empty, nor the key in use")
	}
	s.setKey(newKey)
}

// exchange begins a session.
func (s *sessions) exchange(key string) (pair, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key == "" {
		return pair{}, errNoKey
	}
	if subtle.ConstantTimeCompare([]byte(key), []byte(s.key)) != 1 {
		return pair{}, errKey
	}
	session := rand.Text()
	if s.cfg.ExchangeEndsSessions {
		s.sole = session
	}
	return s.grant(session, 1)
}

// refresh spends a refresh token and goes on with its session.
func (s *sessions) refresh(token string) (pair, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.checkRefresh(token)
	if errors.Is(err, errRefreshSpent) && s.cfg.ReuseKillsFamily {
		s.ended[c.Session] = true
	}
	if err != nil {
		return pair{}, err
	}
	s.spent[c.ID] = true
	return s.grant(c.Session, c.Generation+1)
}

// authorize lets an access token pass.
func (s *sessions) authorize(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.checkAccess(token)
}

func (s *sessions) checkPair(access, refresh string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var faults []error
	if err := s.checkAccess(access); err != nil {
		faults = append(faults, fmt.Errorf("access token %s: %w", shortHash(access), err))
	}
	if _, err := s.checkRefresh(refresh); err != nil {
		faults = append(faults, fmt.Errorf("refresh token %s: %w", shortHash(refresh), err))
	}
	return errors.Join(faults...)
}

func (s *sessions) checkAccess(token string) error {
	if token == "" {
		return errNoToken
	}
	if len(token) >= 7 && strings.EqualFold(token[:7], "Bearer ") {
		return errBearer
	}
	c, err := readToken(s.signing, token)
	switch {
	case err != nil || c.Use != accessUse:
		return errAccessToken
	case s.late(c):
		return errAccessLate
	case !s.alive(c):
		return errEnded
	}
	return nil
}

func (s *sessions) checkRefresh(token string) (claims, error) {
	c, err := readToken(s.signing, token)
	switch {
	case err != nil || c.Use != refreshUse:
		return c, errRefreshToken
	case s.late(c):
		return c, errRefreshLate
	case s.spent[c.ID]:
		return c, errRefreshSpent
	case !s.alive(c):
		return c, errEnded
	}
	return c, nil
}

func (s *sessions) late(c claims) bool { return s.cfg.Now().Unix() >= c.ExpiresAt }

func (s *sessions) alive(c claims) bool {
	return !s.ended[c.Session] && (s.sole == "" || s.sole == c.Session)
}

func (s *sessions) grant(session string, generation int) (p pair, err error) {
	now := s.cfg.Now()
	token := func(use string, ttl time.Duration) (string, error) {
		return signToken(s.signing, claims{
			Issuer: s.cfg.Name, Use: use, Session: session, ID: rand.Text(), Generation: generation,
			IssuedAt: now.Unix(), ExpiresAt: now.Add(ttl).Unix(),
		})
	}
	if p.access, err = token(accessUse, s.cfg.AccessTTL); err != nil {
		return p, err
	}
	p.refresh, err = token(refreshUse, s.cfg.RefreshTTL)
	return p, err
}

// generation is the generation that an access or refresh token claims; 0 where it is none of this account.
func (s *sessions) generation(token string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := readToken(s.signing, token)
	if err != nil {
		return 0
	}
	return c.Generation
}

// tokenAnswer is the documented answer of both token calls.
type tokenAnswer struct {
	IsError int
	Message string
	Data    tokenData
}

type tokenData struct {
	AccessToken           string `json:"access_token"`
	RefreshToken          string `json:"refresh_token"`
	TokenType             string `json:"token_type"`
	ExpiresIn             int    `json:"expires_in"`
	RefreshTokenExpiresIn int    `json:"refresh_token_expires_in"`
	RequestLimitPerMinute int    `json:"requestLimitPerMinute"`
}

func (y *Yard) exchange(c *call) *Reply {
	p, err := y.sessions.exchange(c.apiKey)
	return y.tokenReply("Token generated successfully.", p, err)
}

func (y *Yard) refresh(c *call) *Reply {
	if !c.isForm {
		return refusal(http.StatusUnsupportedMediaType, "The content type must be application/x-www-form-urlencoded.")
	}
	if c.refreshToken == "" {
		return refusal(http.StatusBadRequest, "The refreshToken field is required.")
	}
	p, err := y.sessions.refresh(c.refreshToken)
	return y.tokenReply("Token refreshed successfully.", p, err)
}

func (y *Yard) tokenReply(message string, p pair, err error) *Reply {
	if err != nil {
		return refusal(http.StatusUnauthorized, err.Error())
	}
	body, err := json.Marshal(tokenAnswer{Message: message, Data: tokenData{
		AccessToken: p.access, RefreshToken: p.refresh, TokenType: "Bearer",
		ExpiresIn:             int(y.cfg.AccessTTL / time.Second),
		RefreshTokenExpiresIn: int(y.cfg.RefreshTTL / time.Second),
		RequestLimitPerMinute: y.limit.granted(),
	}})
	if err != nil {
		return refusal(http.StatusInternalServerError, err.Error())
	}
	return jsonReply(http.StatusOK, body)
}

// RefreshTokensSentTwice names the refresh tokens, by their Credential, that reached RefreshEndpoint more than once,
// whatever was answered.
func (y *Yard) RefreshTokensSentTwice() []string {
	times := map[string]int{}
	for _, r := range y.Requests() {
		if r.Endpoint == RefreshEndpoint && r.Credential != "" {
			times[r.Credential]++
		}
	}
	maps.DeleteFunc(times, func(_ string, n int) bool { return n < 2 })
	return slices.Sorted(maps.Keys(times))
}
