// Package stack compares a stack that was deployed from template.yaml with the configuration: parameters, the
// configuration that the functions have, the rights of the roles, and the tables. It asks with the operator's own
// credentials and changes nothing.
package stack

import (
	"context"
	"fmt"
	"strings"

	"yardstick/pkg/app"
	"yardstick/pkg/snapshot"
)

// deployed is a stack as it is.
type deployed struct {
	name, status               string
	partition, region, account string
	parameters                 map[string]string
	resources                  []resource
}

// resource is a part of a stack.
type resource struct{ logical, kind, physical string }

// comparison is one stack beside one configuration.
type comparison struct {
	*app.App
	deployed
	cloud    cloud
	exported []app.Exported
	absent   map[string]bool // accounts whose session's secret is not there
	findings []app.Finding
}

// Check compares the stack of that name, or ARN, with the App's configuration. What stands in a finding's Change are
// lines of the configuration or of parameters.yaml; its message says which.
//
// It needs cloudformation:DescribeStacks and ListStackResources on the stack, lambda:GetFunctionConfiguration on its
// functions, iam:SimulatePrincipalPolicy on its roles, and secretsmanager:GetSecretValue on the sessions' secrets. What
// the last three do not allow to see is a warning; a stack that cannot be read at all is a fault. Requests that fail in
// passing are sent up to five times. It blocks for some calls to IAM for each account, and ends with ctx.
func Check(ctx context.Context, a *app.App, name string) []app.Finding {
	c := &comparison{App: a, cloud: connect(a.SDK()), absent: map[string]bool{}}
	if err := c.read(ctx, name); err != nil {
		c.tell(app.Fault, "stack", "%s: %s", name, err)
		return c.findings
	}
	c.state()
	if !c.ours() {
		return c.findings
	}
	c.compareParameters()
	c.compareSecrets(ctx)
	c.compareConfigurations(ctx)
	c.simulateRoles(ctx)
	c.compareTables()
	return c.findings
}

func (c *comparison) tell(level app.Level, subject, format string, args ...any) {
	c.findings = append(c.findings, app.Finding{Level: level, Subject: subject, Message: fmt.Sprintf(format, args...)})
}

// change tells of lines to change.
func (c *comparison) change(level app.Level, subject, message string, lines ...string) {
	c.findings = append(c.findings, app.Finding{Level: level, Subject: subject, Message: message, Change: lines})
}

// read gets all that CloudFormation says of the stack.
func (c *comparison) read(ctx context.Context, name string) error {
	var err error
	if c.exported, err = c.Exported(); err != nil {
		return err
	}
	if c.deployed, err = c.cloud.describe(ctx, name); err != nil {
		return unreadable(err, "cloudformation:DescribeStacks")
	}
	if c.resources, err = c.cloud.resources(ctx, name); err != nil {
		return unreadable(err, "cloudformation:ListStackResources")
	}
	return nil
}

func unreadable(err error, right string) error {
	switch {
	case gone(err):
		return fmt.Errorf("there is no such stack in this account and region (%s); give the name that `sam deploy` was given", said(err))
	case denied(err):
		return fmt.Errorf("it cannot be read: %s; allow yourself %s on it", said(err), right)
	}
	return fmt.Errorf("it cannot be read: %s", said(err))
}

// state tells how the last change of the stack ended.
func (c *comparison) state() {
	const subject = "stack"
	switch s := c.status; {
	case strings.HasSuffix(s, "_FAILED"), strings.HasPrefix(s, "DELETE_"), s == "ROLLBACK_COMPLETE", s == "REVIEW_IN_PROGRESS":
		c.tell(app.Fault, subject, "%s is %s", c.name, s)
	case strings.HasSuffix(s, "_IN_PROGRESS"):
		c.tell(app.Warn, subject, "%s is %s: what is told here may be otherwise in a minute", c.name, s)
	case strings.Contains(s, "ROLLBACK"):
		c.tell(app.Warn, subject, "%s is %s: the last change was not made", c.name, s)
	default:
		c.tell(app.OK, subject, "%s is %s, in %s of account %s", c.name, s, c.region, c.account)
	}
}

// ours says whether the stack has the parameters that everything here goes by.
func (c *comparison) ours() bool {
	var missing []string
	for _, name := range []string{"Accounts", "Sources", "BucketName", "Prefix", "Webhook", "Tables"} {
		if _, there := c.parameters[name]; !there {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		c.tell(app.Fault, "parameters", "the stack has no parameter %s: it comes from another template, or from an older version of this one; "+
			"deploy this version, or give another stack's name", strings.Join(missing, ", "))
	}
	return len(missing) == 0
}

// list is a parameter that is a list.
func (d deployed) list(parameter string) []string {
	var all []string
	for item := range strings.SplitSeq(d.parameters[parameter], ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}

func (d deployed) on(parameter string) bool { return d.parameters[parameter] == "on" }

// physical is the name or ARN of a resource; "" where the stack has none.
func (d deployed) physical(logical string) string {
	for _, r := range d.resources {
		if r.logical == logical {
			return r.physical
		}
	}
	return ""
}

// of are the physical names of all resources of a kind.
func (d deployed) of(kind string) []string {
	var all []string
	for _, r := range d.resources {
		if r.kind == kind {
			all = append(all, r.physical)
		}
	}
	return all
}

// arn is the ARN of something in the stack's own account and region.
func (d deployed) arn(service, rest string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", d.partition, service, d.region, d.account, rest)
}

// accounts are the names of the configured accounts of one source.
func (c *comparison) accounts(source string) []string {
	var names []string
	if source == app.ScrapRight {
		for _, a := range c.Configured.ScrapRight {
			names = append(names, a.Account)
		}
		return names
	}
	for _, a := range c.Configured.Scrunch {
		names = append(names, a.Account)
	}
	return names
}

// datasets are what an account exports.
func (c *comparison) datasets(source, account string) []app.Exported {
	var all []app.Exported
	for _, e := range c.exported {
		if e.Source == source && e.Account == account {
			all = append(all, e)
		}
	}
	return all
}

func (c *comparison) layout() snapshot.Layout { return snapshot.Layout{Prefix: c.Configured.Prefix} }
