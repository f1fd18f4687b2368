package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	stacktypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

// attempts is how often one request is sent at most, unless the operator set a number: a check asks IAM for a lot.
const attempts = 5

// cloud is the calls to AWS. None of them changes anything.
type cloud struct {
	stacks    *cloudformation.Client
	roles     *iam.Client
	functions *lambda.Client
}

// connect makes clients that also repeat what was answered and could not be read to its end.
func connect(sdk aws.Config) cloud {
	most := cmp.Or(sdk.RetryMaxAttempts, attempts)
	sdk.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = most
			o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
				if _, cut := errors.AsType[*smithy.DeserializationError](err); cut {
					return aws.TrueTernary
				}
				return aws.UnknownTernary
			}))
		})
	}
	sdk.ClientLogMode, sdk.Logger = 0, logging.Nop{}
	return cloud{cloudformation.NewFromConfig(sdk), iam.NewFromConfig(sdk), lambda.NewFromConfig(sdk)}
}

// describe reads the stack's state and parameters.
func (c cloud) describe(ctx context.Context, name string) (deployed, error) {
	out, err := c.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return deployed{}, err
	}
	if len(out.Stacks) != 1 {
		return deployed{}, fmt.Errorf("CloudFormation answered %d stacks, expected one", len(out.Stacks))
	}
	s := out.Stacks[0]
	d := deployed{name: aws.ToString(s.StackName), status: string(s.StackStatus), parameters: map[string]string{}}
	for _, p := range s.Parameters {
		d.parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	// arn:aws:cloudformation:us-east-1:111122223333:stack/yardstick/<id>
	parts := strings.SplitN(aws.ToString(s.StackId), ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return deployed{}, fmt.Errorf("CloudFormation answered the stack id %q, expected an ARN", aws.ToString(s.StackId))
	}
	d.partition, d.region, d.account = parts[1], parts[3], parts[4]
	return d, nil
}

// resources reads what the stack consists of. DescribeStackResources would end at a hundred.
func (c cloud) resources(ctx context.Context, name string) ([]resource, error) {
	var all []resource
	pages := cloudformation.NewListStackResourcesPaginator(c.stacks, &cloudformation.ListStackResourcesInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.StackResourceSummaries {
			id := aws.ToString(r.PhysicalResourceId)
			if id == "" || r.ResourceStatus == stacktypes.ResourceStatusDeleteComplete {
				continue
			}
			all = append(all, resource{aws.ToString(r.LogicalResourceId), aws.ToString(r.ResourceType), id})
		}
	}
	return all, nil
}

// variable reads one environment variable of a function. "" is none.
func (c cloud) variable(ctx context.Context, function, name string) (string, error) {
	out, err := c.functions.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function})
	if err != nil {
		return "", err
	}
	if out.Environment == nil {
		return "", nil
	}
	if e := out.Environment.Error; e != nil {
		return "", fmt.Errorf("its environment cannot be read: %s: %s", aws.ToString(e.ErrorCode), aws.ToString(e.Message))
	}
	return out.Environment.Variables[name], nil
}

// simulate asks IAM whether a role may do something, and answers what it may not. The policies of the resources
// themselves are no part of that: IAM simulates none for a role
// (docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html).
func (c cloud) simulate(ctx context.Context, role string, r right) ([]denial, error) {
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &role, ActionNames: r.actions, ResourceArns: r.resources}
	for _, key := range slices.Sorted(maps.Keys(r.context)) {
		kind := iamtypes.ContextKeyTypeEnumString
		if key == secureTransport {
			kind = iamtypes.ContextKeyTypeEnumBoolean
		}
		in.ContextEntries = append(in.ContextEntries, iamtypes.ContextEntry{ContextKeyName: aws.String(key), ContextKeyType: kind,
			ContextKeyValues: []string{r.context[key]}})
	}
	var denials []denial
	decided := map[asked]bool{}
	pages := iam.NewSimulatePrincipalPolicyPaginator(c.roles, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, result := range page.EvaluationResults {
			for _, v := range verdicts(result) {
				decided[v.asked] = true
				if v.why != "" {
					v.prefix = r.context[listPrefix]
					denials = append(denials, v)
				}
			}
		}
	}
	return denials, undecided(r, decided)
}

// undecided says that the answer leaves a part of the question open.
func undecided(r right, decided map[asked]bool) error {
	for _, action := range r.actions {
		for _, resource := range r.resources {
			if !decided[asked{action, resource}] {
				return fmt.Errorf("IAM answered nothing about %s on %s", action, resource)
			}
		}
	}
	return nil
}

// verdicts are the answers about one action, resource by resource. IAM has them in ResourceSpecificResults, and a
// template of ARNs at the top; other servers answer once for each resource, at the top.
func verdicts(r iamtypes.EvaluationResult) []denial {
	action := aws.ToString(r.EvalActionName)
	organization := r.OrganizationsDecisionDetail == nil || r.OrganizationsDecisionDetail.AllowedByOrganizations
	if len(r.ResourceSpecificResults) == 0 {
		return []denial{{asked: asked{action, aws.ToString(r.EvalResourceName)},
			why: why(r.EvalDecision, r.PermissionsBoundaryDecisionDetail, organization, r.MatchedStatements, r.MissingContextValues)}}
	}
	var all []denial
	for _, one := range r.ResourceSpecificResults {
		all = append(all, denial{asked: asked{action, aws.ToString(one.EvalResourceName)},
			why: why(one.EvalResourceDecision, one.PermissionsBoundaryDecisionDetail, organization, one.MatchedStatements, one.MissingContextValues)})
	}
	return all
}

// why is the reason of a denial; "" for what is allowed.
func why(decision iamtypes.PolicyEvaluationDecisionType, boundary *iamtypes.PermissionsBoundaryDecisionDetail, organization bool,
	matched []iamtypes.Statement, missing []string) string {
	var reason string
	switch {
	case decision == iamtypes.PolicyEvaluationDecisionTypeAllowed:
		return ""
	case decision == iamtypes.PolicyEvaluationDecisionTypeExplicitDeny:
		reason = "explicit deny"
		if len(matched) > 0 {
			reason += " in " + aws.ToString(matched[0].SourcePolicyId)
		}
	case !organization:
		reason = "no service control policy of the organization allows it"
	case boundary != nil && !boundary.AllowedByPermissionsBoundary:
		reason = "the permissions boundary does not allow it"
	default:
		reason = "implicit deny: no statement of the role allows it"
	}
	missing = slices.DeleteFunc(slices.Clone(missing), func(key string) bool { return slices.Contains(contextKeys, key) })
	if len(missing) > 0 {
		reason += ", where nothing is known of " + strings.Join(missing, ", ")
	}
	return reason
}

// denied says that the operator's own credentials do not allow a call.
func denied(err error) bool {
	return slices.Contains([]string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}, code(err))
}

// gone says that what was asked for does not exist. CloudFormation has no code of its own for it.
func gone(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && (api.ErrorCode() == "NoSuchEntity" || api.ErrorCode() == "ResourceNotFoundException" ||
		api.ErrorCode() == "ValidationError" && strings.Contains(api.ErrorMessage(), "does not exist"))
}

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// said is a service's own code and message on one line, or what came between.
func said(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode() + ": " + strings.Join(strings.Fields(api.ErrorMessage()), " ")
	}
	if call, ok := errors.AsType[*smithy.OperationError](err); ok {
		err = call.Err
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
