namespace BinarySize.IO;

/// <summary>Finds what somebody may have meant.</summary>
public static class Nearest
{
    // Enough for any real list; a hostile one of a million names costs nothing beyond this.
    private const int MaxCandidates = 5000, MaxLength = 200;

    /// <summary>The candidate closest to <paramref name="text"/>; null where none is close.</summary>
    public static string? Find(string text, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(text);
        string wanted = text.Trim('*', '?', '/');
        if (wanted.Length is 0 or > MaxLength) return null;
        string? best = null;
        double bestScore = 0.5;
        foreach (string candidate in candidates.Take(MaxCandidates))
        {
            if (candidate.Length is 0 or > MaxLength) continue;
            double score = candidate.Contains(wanted, StringComparison.OrdinalIgnoreCase) || wanted.Contains(candidate, StringComparison.OrdinalIgnoreCase)
                ? 0.1 + (0.1 * Math.Abs(candidate.Length - wanted.Length) / Math.Max(candidate.Length, wanted.Length))
                : (double)Distance(wanted, candidate) / Math.Max(wanted.Length, candidate.Length);
            if (score < bestScore)
            {
                bestScore = score;
                best = candidate;
            }
        }
        return best;
    }

    // Levenshtein's distance, without regard to case.
    private static int Distance(string a, string b)
    {
        Span<int> previous = stackalloc int[MaxLength + 1], current = stackalloc int[MaxLength + 1];
        for (int j = 0; j <= b.Length; j++) previous[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int change = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + change);
            }
            Span<int> swap = previous;
            previous = current;
            current = swap;
        }
        return previous[b.Length];
    }
}
