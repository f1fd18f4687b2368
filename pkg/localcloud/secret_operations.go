package localcloud

import (
	"errors"
	"time"
	"unicode/utf8"
)

const maxValueBytes = 65536

// The inputs and answers of the operations: members are spelt as in the service's model.
type (
	createInput struct {
		Name, ClientRequestToken, Description, SecretString *string
		SecretBinary                                        []byte
	}
	getValueInput struct{ SecretId, VersionId, VersionStage *string }
	putValueInput struct {
		SecretId, ClientRequestToken, SecretString *string
		RotationToken                              *string // checked for its form; only AWS knows whose it is
		SecretBinary                               []byte
		VersionStages                              []string
	}
	updateStageInput  struct{ SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId *string }
	secretInput       struct{ SecretId *string }
	listVersionsInput struct {
		SecretId          *string
		IncludeDeprecated bool
	}
	deleteInput struct {
		SecretId                   *string
		RecoveryWindowInDays       *int
		ForceDeleteWithoutRecovery bool
	}

	secretAnswer  struct{ ARN, Name string }
	versionAnswer struct {
		ARN, Name     string
		VersionId     string   `json:",omitempty"`
		VersionStages []string `json:",omitempty"`
	}
	valueAnswer struct {
		versionAnswer
		CreatedDate  epoch
		SecretString *string `json:",omitempty"`
		SecretBinary []byte  `json:",omitempty"`
	}
	describeAnswer struct {
		ARN, Name          string
		Description        string `json:",omitempty"`
		CreatedDate        epoch
		LastChangedDate    epoch
		DeletedDate        *epoch              `json:",omitempty"`
		RotationEnabled    bool                `json:",omitempty"`
		VersionIdsToStages map[string][]string `json:",omitempty"`
	}
	listedVersion struct {
		VersionId     string
		CreatedDate   epoch
		VersionStages []string `json:",omitempty"`
	}
	listVersionsAnswer struct {
		ARN, Name string
		Versions  []listedVersion
	}
	deleteAnswer struct {
		ARN, Name    string
		DeletionDate epoch
	}
)

func (s *secretStore) create(in createInput) (versionAnswer, error) {
	v := value{in.SecretString, in.SecretBinary}
	if err := errors.Join(checkName(in.Name), checkValue(v), checkToken(in.ClientRequestToken)); err != nil {
		return versionAnswer{}, err
	}
	found, err := s.read(*in.Name)
	if err == nil {
		return s.createAgain(found, *in.ClientRequestToken, v)
	}
	if !isNoSuchSecret(err) {
		return versionAnswer{}, err
	}
	now := s.now().UTC()
	made := &secret{ARN: s.newARN(*in.Name), Name: *in.Name, Created: now, Changed: now}
	if in.Description != nil {
		made.Description = *in.Description
	}
	answer := versionAnswer{ARN: made.ARN, Name: made.Name}
	if !v.empty() {
		answer.VersionId = *in.ClientRequestToken
		if _, err := made.put(answer.VersionId, v, []string{current}, now); err != nil {
			return versionAnswer{}, err
		}
	}
	return answer, s.write(made)
}

func checkName(name *string) error {
	if err := checkLength("name", name, 1, 512, true); err != nil {
		return err
	}
	if !secretName.MatchString(*name) {
		return invalidName()
	}
	if fault := nameFault(*name); fault != "" {
		return validation("Invalid name. The local Secrets Manager keeps a secret as a file of its name, which has %s.", fault)
	}
	return nil
}

// createAgain answers a CreateSecret that was carried out already, and refuses any other of the same name.
func (s *secretStore) createAgain(found *secret, token string, v value) (versionAnswer, error) {
	if found.Marked != nil {
		return versionAnswer{}, invalidState(
			"You can't create this secret because a secret with this name is already scheduled for deletion.")
	}
	if made := found.version(token); made != nil && !v.empty() && made.equal(v) {
		return versionAnswer{ARN: found.ARN, Name: found.Name, VersionId: token}, nil
	}
	return versionAnswer{}, &secretsError{"ResourceExistsException",
		"The operation failed because the secret " + found.Name + " already exists."}
}

func (s *secretStore) getValue(in getValueInput) (valueAnswer, error) {
	found, err := s.live(in.SecretId)
	if err != nil {
		return valueAnswer{}, err
	}
	var v *version
	if in.VersionId != nil {
		v = found.version(*in.VersionId)
		if v == nil || v.empty() {
			return valueAnswer{}, noSuchValue("VersionId: " + *in.VersionId)
		}
		if in.VersionStage != nil && found.holder(*in.VersionStage) != v {
			return valueAnswer{}, invalidState("You provided a VersionStage that is not associated to the provided VersionId.")
		}
	} else {
		label := current
		if in.VersionStage != nil {
			label = *in.VersionStage
		}
		v = found.holder(label)
		if v == nil || v.empty() {
			return valueAnswer{}, noSuchValue("staging label: " + label)
		}
	}
	return valueAnswer{
		versionAnswer: versionAnswer{found.ARN, found.Name, v.ID, v.Labels},
		CreatedDate:   epoch{v.Created}, SecretString: v.Text, SecretBinary: v.Binary,
	}, nil
}

func (s *secretStore) putValue(in putValueInput) (versionAnswer, error) {
	v := value{in.SecretString, in.SecretBinary}
	labels := in.VersionStages
	if labels == nil {
		labels = []string{current}
	}
	err := errors.Join(checkValue(v), checkToken(in.ClientRequestToken), checkLabels(labels),
		checkLength("rotationToken", in.RotationToken, 36, 256, false))
	if err != nil {
		return versionAnswer{}, err
	}
	if v.empty() {
		return versionAnswer{}, invalidState("You must provide either SecretString or SecretBinary.")
	}
	found, err := s.live(in.SecretId)
	if err != nil {
		return versionAnswer{}, err
	}
	token := *in.ClientRequestToken
	changed, err := found.put(token, v, labels, s.now().UTC())
	if err != nil {
		return versionAnswer{}, err
	}
	if changed {
		err = s.write(found)
	}
	return versionAnswer{found.ARN, found.Name, token, found.version(token).Labels}, err
}

func (s *secretStore) updateStage(in updateStageInput) (secretAnswer, error) {
	err := errors.Join(checkLength("versionStage", in.VersionStage, 1, 256, true),
		checkLength("moveToVersionId", in.MoveToVersionId, 32, 64, false),
		checkLength("removeFromVersionId", in.RemoveFromVersionId, 32, 64, false))
	if err != nil {
		return secretAnswer{}, err
	}
	found, err := s.live(in.SecretId)
	if err != nil {
		return secretAnswer{}, err
	}
	err = found.moveLabel(*in.VersionStage, deref(in.MoveToVersionId), deref(in.RemoveFromVersionId), s.now().UTC())
	if err != nil {
		return secretAnswer{}, err
	}
	return secretAnswer{found.ARN, found.Name}, s.write(found)
}

func (s *secretStore) describe(in secretInput) (describeAnswer, error) {
	found, err := s.any(in.SecretId)
	if err != nil {
		return describeAnswer{}, err
	}
	answer := describeAnswer{
		ARN: found.ARN, Name: found.Name, Description: found.Description, CreatedDate: epoch{found.Created},
		LastChangedDate: epoch{found.Changed}, RotationEnabled: found.RotationEnabled, VersionIdsToStages: map[string][]string{},
	}
	if found.Marked != nil {
		answer.DeletedDate = &epoch{*found.Marked}
	}
	for _, v := range found.Versions {
		if len(v.Labels) > 0 {
			answer.VersionIdsToStages[v.ID] = v.Labels
		}
	}
	return answer, nil
}

// listVersions leaves out versions without a label, which are deprecated, unless they are asked for. Its answer is
// always whole: paging is not built.
func (s *secretStore) listVersions(in listVersionsInput) (listVersionsAnswer, error) {
	found, err := s.any(in.SecretId)
	if err != nil {
		return listVersionsAnswer{}, err
	}
	answer := listVersionsAnswer{ARN: found.ARN, Name: found.Name, Versions: []listedVersion{}}
	for _, v := range found.Versions {
		if len(v.Labels) > 0 || in.IncludeDeprecated {
			answer.Versions = append(answer.Versions, listedVersion{v.ID, epoch{v.Created}, v.Labels})
		}
	}
	return answer, nil
}

func (s *secretStore) deleteSecret(in deleteInput) (deleteAnswer, error) {
	days := 30
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
		if in.ForceDeleteWithoutRecovery {
			return deleteAnswer{}, invalidParameter(
				"You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
		}
	}
	if days < 7 || days > 30 {
		return deleteAnswer{}, invalidParameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	now := s.now().UTC()
	found, err := s.any(in.SecretId)
	switch {
	case isNoSuchSecret(err) && in.ForceDeleteWithoutRecovery: // documented as no error
		return deleteAnswer{arnPrefix + *in.SecretId, *in.SecretId, epoch{now}}, nil
	case err != nil:
		return deleteAnswer{}, err
	case in.ForceDeleteWithoutRecovery:
		return deleteAnswer{found.ARN, found.Name, epoch{now}}, s.delete(found.Name)
	case found.Marked != nil:
		return deleteAnswer{}, invalidState("You tried to perform the operation on a secret that's currently marked deleted.")
	}
	marked := now.Add(time.Duration(days) * 24 * time.Hour)
	found.Marked, found.Changed = &marked, now
	return deleteAnswer{found.ARN, found.Name, epoch{marked}}, s.write(found)
}

func (s *secretStore) restore(in secretInput) (secretAnswer, error) {
	found, err := s.any(in.SecretId)
	if err != nil {
		return secretAnswer{}, err
	}
	found.Marked, found.Changed = nil, s.now().UTC()
	return secretAnswer{found.ARN, found.Name}, s.write(found)
}

// any finds a secret, be it marked for deletion or not.
func (s *secretStore) any(id *string) (*secret, error) {
	if err := checkLength("secretId", id, 1, 2048, true); err != nil {
		return nil, err
	}
	return s.find(*id)
}

func (s *secretStore) live(id *string) (*secret, error) {
	if err := checkLength("secretId", id, 1, 2048, true); err != nil {
		return nil, err
	}
	return s.findLive(*id)
}

func isNoSuchSecret(err error) bool {
	e, ok := errors.AsType[*secretsError](err)
	return ok && e.Type == "ResourceNotFoundException"
}

// checkLength holds a member to the lengths of the service's model.
func checkLength(member string, text *string, least, most int, required bool) error {
	switch {
	case text == nil && required:
		return validation("1 validation error detected: Value null at '%s' failed to satisfy constraint: "+
			"Member must not be null", member)
	case text == nil:
		return nil
	case utf8.RuneCountInString(*text) < least:
		return validation("1 validation error detected: Value at '%s' failed to satisfy constraint: "+
			"Member must have length greater than or equal to %d", member, least)
	case utf8.RuneCountInString(*text) > most:
		return validation("1 validation error detected: Value at '%s' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", member, most)
	}
	return nil
}

func checkToken(token *string) error {
	if token == nil {
		return invalidState("You must provide a ClientRequestToken value. We recommend a UUID-type value.")
	}
	return checkLength("clientRequestToken", token, 32, 64, true)
}

// checkValue holds a value to its limits; it may be absent. The limit of a text is in bytes too.
func checkValue(v value) error {
	if v.Text != nil && v.Binary != nil {
		return invalidState("You can't specify both a binary secret value and a string secret value in the same secret.")
	}
	text, member := deref(v.Text), "secretString"
	if v.Binary != nil {
		text, member = string(v.Binary), "secretBinary"
	}
	switch {
	case v.empty():
		return nil
	case text == "":
		return checkLength(member, &text, 1, maxValueBytes, true)
	case len(text) > maxValueBytes:
		return validation("1 validation error detected: Value at '%s' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", member, maxValueBytes)
	}
	return nil
}

func checkLabels(labels []string) error {
	if len(labels) < 1 || len(labels) > maxLabels {
		return validation("1 validation error detected: Value at 'versionStages' failed to satisfy constraint: "+
			"Member must have length between 1 and %d", maxLabels)
	}
	for _, label := range labels {
		if err := checkLength("versionStages", &label, 1, 256, true); err != nil {
			return err
		}
	}
	return nil
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
