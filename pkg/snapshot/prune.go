package snapshot

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Prune removes the copies in latest/ of a listing's parts that are not among those kept: parts that are no longer
// exported. The days' own objects stay.
func (p *Publisher) Prune(ctx context.Context, source, dataset, account string, keep []string) error {
	prefix := p.Layout.latest(source, dataset, account)
	for info, err := range p.Store.List(ctx, prefix, "") {
		if err != nil {
			return fmt.Errorf("list %s: %w", prefix, err)
		}
		part, ok := strings.CutSuffix(strings.TrimPrefix(info.Key, prefix), dataSuffix)
		if !ok || slices.Contains(keep, part) {
			continue
		}
		if err := p.Store.Delete(ctx, info.Key); err != nil {
			return fmt.Errorf("remove %s: %w", info.Key, err)
		}
	}
	return nil
}
