package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// ring is the keys that are active, and the states of brands.
type ring struct {
	mu     sync.Mutex
	keys   map[string]ScrunchKey
	states map[int]BrandState
}

func newRing(cfg ScrunchConfig) *ring {
	r := &ring{states: map[int]BrandState{}}
	for id, state := range cfg.States {
		r.states[id] = state
	}
	r.setKeys(cfg.Keys)
	return r
}

func (r *ring) setKeys(keys []ScrunchKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = map[string]ScrunchKey{}
	for _, k := range keys {
		if k.Scopes == nil {
			k.Scopes = []Scope{ScopeQuery}
		}
		k.Scopes, k.Brands = slices.Clone(k.Scopes), slices.Clone(k.Brands)
		r.keys[k.Key] = k
	}
}

func (r *ring) state(brand int) BrandState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.states[brand]
}

// admit finds the key of a call, and the refusal where there is none or it lacks the scope that a route asks for.
func (r *ring) admit(c *scrunchCall) (ScrunchKey, *Reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key, known := r.keys[c.key]
	if !known {
		reply := detail(http.StatusUnauthorized, "Invalid or missing API key")
		reply.Header.Set("WWW-Authenticate", "Bearer")
		return key, reply
	}
	if scope := c.route.scope; scope != "" && !slices.Contains(key.Scopes, scope) {
		return key, detail(http.StatusForbidden, fmt.Sprintf("This API key does not have the '%s' scope", scope))
	}
	return key, nil
}

// mayRead says whether a key's brands have one among them.
func (k ScrunchKey) mayRead(brand int) bool {
	return k.Brands == nil || slices.Contains(k.Brands, brand)
}

// brand finds the brand that a call is about, and the refusal where it may not be read.
func (s *Scrunch) brand(id int, key ScrunchKey) (*brand, *Reply) {
	if !key.mayRead(id) {
		return nil, detail(http.StatusForbidden, "This API key does not have access to the brand")
	}
	if !s.cfg.has(id) {
		return nil, detail(http.StatusNotFound, "Brand not found")
	}
	switch s.ring.state(id) {
	case Archived:
		return nil, detail(http.StatusForbidden, "The brand is archived")
	case OutOfPlan:
		return nil, detail(http.StatusPaymentRequired, "The brand's plan does not include the Data API")
	default:
		return s.brands[id-FirstBrand], nil
	}
}

// SetKeys puts keys in place of the active ones: what is not among them is refused from now on. It panics unless there
// is one at least, and on an empty key, one that comes twice, and an unknown scope.
func (s *Scrunch) SetKeys(keys ...ScrunchKey) {
	if err := checkKeys(keys); err != nil {
		panic(fmt.Sprintf("simulator: %v", err))
	}
	s.ring.setKeys(keys)
}

// SetState archives a brand, takes it out of the plan, or makes it active again. It panics on a brand that is none.
func (s *Scrunch) SetState(brand int, state BrandState) {
	s.mustBrand(brand)
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	s.ring.states[brand] = state
}

func checkKeys(keys []ScrunchKey) error {
	var faults []error
	seen := map[string]bool{}
	for i, k := range keys {
		if k.Key == "" || seen[k.Key] {
			faults = append(faults, fmt.Errorf("key number %d is empty, or there twice", i+1))
		}
		seen[k.Key] = true
		for _, scope := range k.Scopes {
			if scope != ScopeQuery && scope != ScopeConfigure && scope != ScopeCreateBrand {
				faults = append(faults, fmt.Errorf("key number %d has the scope %q; expected %s, %s or %s",
					i+1, scope, ScopeQuery, ScopeConfigure, ScopeCreateBrand))
			}
		}
	}
	if len(keys) == 0 {
		faults = append(faults, errors.New("no key; a vendor that serves nobody has no use"))
	}
	return errors.Join(faults...)
}

// bearer is the key in an Authorization header: "" where there is none.
func bearer(header string) string {
	scheme, key, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}
