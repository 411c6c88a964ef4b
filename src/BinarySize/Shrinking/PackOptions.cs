namespace BinarySize.Shrinking;

/// <summary>How files are packed.</summary>
public sealed record PackOptions
{
    /// <summary>The levels that there are, from fast to slow.</summary>
    public static IReadOnlyList<string> Levels { get; } = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "best", "brute", "ultra-brute"];

    /// <summary>One of <see cref="Levels"/>. Above 9 it takes 20 to 60 times as long for next to nothing.</summary>
    public string Level { get; init; } = "9";

    /// <summary>LZMA instead of NRV: about a sixth smaller, and three to five times slower to start than packed without it.</summary>
    public bool Lzma { get; init; }

    /// <summary>UPX to use; null or empty: looked up.</summary>
    public string? UpxPath { get; init; }

    /// <summary>PATH to look in; null: this process's, and well-known places.</summary>
    public string? SearchPath { get; init; }

    /// <summary>Time that UPX is given for a file.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>The user said that it must be packed. The step does the same; who calls it makes an error of what is otherwise a warning.</summary>
    public bool Required { get; init; }
}
