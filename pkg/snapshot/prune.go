package snapshot

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Prune removes the copies in latest/ of a listing's parts that are not among those kept: parts that are no longer
// exported. The days' own objects stay. Where there are some, allow is told how many copies there are and how many would go,
// and may keep them all.
func (p *Publisher) Prune(ctx context.Context, source, dataset, account string, keep []string, allow func(there, gone int) bool) error {
	prefix, there := p.Layout.latest(source, dataset, account), 0
	var gone []string
	for info, err := range p.Store.List(ctx, prefix, "") {
		if err != nil {
			return fmt.Errorf("list %s: %w", prefix, err)
		}
		part, ok := strings.CutSuffix(strings.TrimPrefix(info.Key, prefix), dataSuffix)
		if !ok {
			continue
		}
		if there++; !slices.Contains(keep, part) {
			gone = append(gone, info.Key)
		}
	}
	if len(gone) == 0 || !allow(there, len(gone)) {
		return nil
	}
	for _, key := range gone {
		if err := p.Store.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove %s: %w", key, err)
		}
	}
	return nil
}
