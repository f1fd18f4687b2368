package snapshot

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
)

// gzipLevel trades size for time; one level for all objects.
const gzipLevel = gzip.DefaultCompression

// blockSize is how many bytes of lines are gathered before they are compressed, or sorted: enough that handing them over
// costs nothing beside that, and that the runs of a long report are some dozens.
const blockSize = 512 << 10

// packer digests and compresses blocks of lines into a file, one at a time, while the next one is gathered. Its methods are
// for one goroutine.
type packer struct {
	out *bufio.Writer
	zip *gzip.Writer
	sum hash.Hash
	job
}

func newPacker(file *os.File) (*packer, error) {
	zip, err := gzip.NewWriterLevel(io.Discard, gzipLevel)
	if err != nil {
		return nil, err
	}
	p := &packer{out: bufio.NewWriterSize(file, 64<<10), zip: zip, sum: sha256.New()}
	p.zip.Reset(p.out)
	return p, nil
}

// begin starts a file.
func (p *packer) begin(file *os.File) {
	p.to(file)
	p.sum.Reset()
}

// to starts a member of the compressed file where the file stands, and drops what was not written to it yet.
func (p *packer) to(file *os.File) {
	_ = p.wait() // what is begun anew may have failed
	p.fault = nil
	p.out.Reset(file)
	p.zip.Reset(p.out)
}

// pack begins to compress the lines of a block once the block before is done, and answers that one's buffer, empty. An
// error is that of an earlier block.
func (p *packer) pack(block []byte) (free []byte, err error) {
	return p.start(block, func() error {
		summed := make(chan struct{})
		go func() {
			defer close(summed)
			p.sum.Write(block)
		}()
		_, err := p.zip.Write(block)
		if <-summed; err != nil {
			return fmt.Errorf("write to the spool: %w", err)
		}
		return nil
	})
}

// end ends a member of the compressed file, after all blocks.
func (p *packer) end() error {
	if err := p.wait(); err != nil {
		return err
	}
	if err := p.zip.Close(); err != nil {
		return err
	}
	return p.out.Flush()
}

// job is work on a block of lines beside the gathering of the next one.
type job struct {
	done  chan error // of the work that was begun last; nil: it was waited for
	spare []byte     // the block it works on, or a free one
	fault error      // of all work so far
}

// start begins the work on a block and answers another block to be filled, empty.
func (j *job) start(block []byte, work func() error) (free []byte, err error) {
	if err := j.wait(); err != nil {
		return block[:0], err
	}
	free, j.spare = j.spare[:0], block
	done := make(chan error, 1)
	j.done = done
	go func() { done <- work() }()
	return free, nil
}

// wait waits until nothing is worked on, and answers what failed.
func (j *job) wait() error {
	if j.done != nil {
		if err := <-j.done; j.fault == nil {
			j.fault = err
		}
		j.done = nil
	}
	return j.fault
}
