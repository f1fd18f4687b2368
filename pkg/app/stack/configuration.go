package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"yardstick/pkg/app"
)

// mostDifferences is how many differing keys a finding names before it only counts them.
const mostDifferences = 5

// compareConfigurations reads the configuration that each function has in its environment, however the template made it,
// and compares it by meaning with the one at hand.
func (c *comparison) compareConfigurations(ctx context.Context) {
	const subject = "configuration"
	functions := map[string][]string{} // by the variable's value
	var values []string
	for _, function := range c.of("AWS::Lambda::Function") {
		value, err := c.cloud.variable(ctx, function, app.ConfigVariable)
		if err != nil {
			hint := ""
			if denied(err) {
				hint = "; allow yourself lambda:GetFunctionConfiguration on the stack's functions"
			}
			c.tell(app.Warn, subject, "what %s has for a configuration is not seen: %s%s", function, said(err), hint)
			if denied(err) {
				return
			}
			continue
		}
		if functions[value] == nil {
			values = append(values, value)
		}
		functions[value] = append(functions[value], function)
	}
	for _, value := range values {
		who := strings.Join(functions[value], ", ")
		if n := len(functions[value]); n > 1 && len(values) == 1 {
			who = fmt.Sprintf("all %d functions", n)
		}
		c.compareConfiguration(ctx, value, who)
	}
}

func (c *comparison) compareConfiguration(ctx context.Context, value, who string) {
	const subject = "configuration"
	if value == "" {
		c.tell(app.Fault, subject, "%s is not set in the environment of %s", app.ConfigVariable, who)
		return
	}
	theirs, err := c.ConfigOf(ctx, value)
	if err != nil {
		level, how := app.Warn, "is not compared"
		if _, unusable := errors.AsType[*app.ConfigInvalid](err); unusable {
			level, how = app.Fault, "cannot be used"
		}
		c.tell(level, subject, "that of %s (%s) %s: %s", who, c.origin(value), how, strings.Join(strings.Fields(err.Error()), " "))
		return
	}
	all := differences(c.Configured, theirs)
	if len(all) == 0 {
		c.tell(app.OK, subject, "that of %s is this very one (%s)", who, c.origin(value))
		return
	}
	more := ""
	if n := len(all) - mostDifferences; n > 0 {
		more = fmt.Sprintf("; and %d more", n)
		all = slices.Clone(all[:mostDifferences])
	}
	c.tell(app.Warn, subject, "that of %s is another (%s): %s%s", who, c.origin(value), strings.Join(all, "; "), more)
}

// origin says where a function's configuration comes from.
func (c *comparison) origin(value string) string {
	switch value = strings.TrimSpace(value); {
	case strings.HasPrefix(value, "s3://"):
		return value
	case strings.TrimSpace(c.parameters["Config"]) == value:
		return "parameter Config"
	case c.parameters["Config"] == "" && c.parameters["ConfigObject"] == "":
		return "made from the stack's parameters"
	}
	return "changed by hand in the environment"
}
