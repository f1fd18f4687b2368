package stack

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"yardstick/pkg/app"
)

// asked is one action on one resource.
type asked struct{ action, resource string }

// denial is what a role is refused, and why.
type denial struct {
	asked
	prefix string // of a listing
	why    string
}

// simulation is what IAM said of one role.
type simulation struct {
	denials []denial
	count   int // of actions on resources
	err     error
}

// simulateRoles asks IAM of every role whether it may do what a run needs. Roles are asked about side by side.
func (c *comparison) simulateRoles(ctx context.Context) {
	roles := c.roles()
	results := make([]simulation, len(roles))
	var all sync.WaitGroup
	for i, r := range roles {
		if name := c.physical(r.logical); name != "" {
			all.Go(func() { results[i] = c.simulateRole(ctx, c.roleARN(name), r.rights) })
		}
	}
	all.Wait()
	var unseen []string
	var refusal error
	for i, r := range roles {
		switch {
		case c.physical(r.logical) == "":
			if r.needed {
				c.tell(app.Fault, r.logical, "the stack has no such role; deploy this version of the template")
			}
		case denied(results[i].err):
			unseen, refusal = append(unseen, r.logical), results[i].err
		default:
			c.tellRole(r.logical, results[i])
		}
	}
	if refusal != nil {
		c.tell(app.Warn, "permissions", "what %s may do is not seen: %s; allow yourself iam:SimulatePrincipalPolicy on the stack's roles",
			strings.Join(unseen, ", "), said(refusal))
	}
}

// roleARN is the ARN of a role that CloudFormation names: the template's have no path.
func (c *comparison) roleARN(name string) string {
	return fmt.Sprintf("arn:%s:iam::%s:role/%s", c.partition, c.account, name)
}

func (c *comparison) simulateRole(ctx context.Context, role string, rights []right) simulation {
	var s simulation
	for _, r := range rights {
		denials, err := c.cloud.simulate(ctx, role, r)
		if err != nil {
			s.err = err
			return s
		}
		s.count += len(r.actions) * len(r.resources)
		s.denials = append(s.denials, denials...)
	}
	return s
}

func (c *comparison) tellRole(subject string, s simulation) {
	switch {
	case s.err != nil && gone(s.err):
		c.tell(app.Fault, subject, "the role was deleted behind the stack's back: %s", said(s.err))
	case s.err != nil:
		c.tell(app.Warn, subject, "what it may do is not seen: %s", said(s.err))
	case len(s.denials) > 0:
		c.tell(app.Fault, subject, "is refused %s", grouped(s.denials))
	default:
		c.tell(app.OK, subject, "may do all that is needed: IAM allows %d of %d simulated requests", s.count, s.count)
	}
}

// grouped tells of denials by action and reason: the first resource of each, and the number of the others.
func grouped(denials []denial) string {
	type group struct{ action, why string }
	var order []group
	members := map[group][]denial{}
	for _, d := range denials {
		g := group{d.action, d.why}
		if !slices.Contains(order, g) {
			order = append(order, g)
		}
		members[g] = append(members[g], d)
	}
	var parts []string
	for _, g := range order {
		first := members[g][0]
		text := g.action + " on " + first.resource
		if first.prefix != "" {
			text += " with prefix " + first.prefix
		}
		if more := len(members[g]) - 1; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		parts = append(parts, text+" ("+g.why+")")
	}
	return strings.Join(parts, "; ")
}
