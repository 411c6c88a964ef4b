namespace BinarySize.Rendering.Ci;

/// <summary>What stays the same of a finding while its numbers change.</summary>
internal static class CiNames
{
    /// <summary>The names that a message puts between quotes: of the budget, the file, what it selects.</summary>
    public static string Subject(string message) => string.Join('\n', message.Split('\'').Where((_, i) => i % 2 == 1));
}
