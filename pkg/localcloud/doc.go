// Package localcloud is S3 and Secrets Manager over a folder: HTTP servers for just the calls that yardstick makes,
// which the real AWS SDK talks to. The command line's --local and demo use it, and so do the tests.
//
// It is strict where emulators tend to be lax: what AWS refuses is refused, with AWS's own error names, and what is not
// built is refused as well. An unknown query parameter, x-amz- header, operation or input member is an error that names
// it, never ignored. Checksums, Content-MD5 and the payload hash of a request are verified.
//
// The behaviour is that of the API references (docs.aws.amazon.com/AmazonS3/latest/API and
// docs.aws.amazon.com/secretsmanager/latest/apireference). Where they are silent it follows the answers of AWS that are
// recorded in localstack/localstack, tests/aws/services/{s3,secretsmanager}/*.snapshot.json: among others that two
// conditions in one put are a 501, and that a VersionStage which is not the VersionId's is InvalidRequestException.
//
// # The folder
//
//	lock                          held while a process serves the folder; holds its pid
//	s3/<bucket>/<key>             objects, exactly as written
//	s3-metadata/<bucket>/*.json   what S3 keeps beside an object's bytes, one file a key
//	secretsmanager/<name>.json    secrets with all their versions and staging labels (mode 0600)
//	tmp/                          files being written; emptied by Open
//
// The files are the state: nothing is cached, so that an object placed, edited or deleted by hand is seen by the next
// request. It then has the ETag of its bytes and no metadata. A write is one rename, and it is on disk before it is
// answered (but see Options.NoSync). A crash at any moment leaves the old object or the new one, each with its own metadata.
//
// # S3
//
// PutObject, GetObject, HeadObject, DeleteObject, ListObjectsV2, CreateBucket and HeadBucket, path style. If-Match and
// If-None-Match are atomic under concurrency; reads and listings are strongly consistent. The region is us-east-1.
//
// # Secrets Manager
//
// CreateSecret, GetSecretValue, PutSecretValue, UpdateSecretVersionStage, DescribeSecret, ListSecretVersionIds,
// DeleteSecret and RestoreSecret, in the account 000000000000 and the region us-east-1.
//
// # What it does not do
//
// Signatures are asked for and not verified, and there are no policies: it listens on 127.0.0.1 and guards nothing.
// There is no encryption, versioning, multipart upload, aws-chunked body, copy, tag, ACL or presigned URL. S3 never
// answers 409 ConditionalRequestConflict or SlowDown. Secrets are not encrypted at rest, a marked secret waits for
// RestoreSecret or a forced deletion, and rotation is begun by Cloud.StartRotation, which calls no function.
//
// Objects being files, keys are narrower than in S3: no empty part, no "." or "..", no control character, no part over
// 255 bytes, and no key that is a folder of another ("a" beside "a/b"). On a file system that ignores case, keys and
// secrets that differ only in case are one. It needs flock, hence a Unix system.
package localcloud
