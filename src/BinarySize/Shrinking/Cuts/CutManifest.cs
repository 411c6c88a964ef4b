using BinarySize.IO;

namespace BinarySize.Shrinking.Cuts;

/// <summary>
/// What stands beside a cut of the catalogue, and tells what it is good for and what it costs. docs/writing-cuts.md
/// describes the format.
/// </summary>
public sealed record CutManifest
{
    private static readonly string[] s_profiles = ["SizeCritical", "Embedded", "WebAssembly"];

    /// <summary>NuGet id of the library; "framework" or "aspnetcore" for those.</summary>
    public required string Library { get; init; }

    /// <summary>Versions of it on which the cut was tried.</summary>
    public required IReadOnlyList<string> Tried { get; init; }

    /// <summary>What the app gives up, in a user's words.</summary>
    public required string GivesUp { get; init; }

    /// <summary>What is seen where a removed body is reached.</summary>
    public required string Reached { get; init; }

    /// <summary>Who calls what is cut.</summary>
    public required string Callers { get; init; }

    /// <summary>How it was found.</summary>
    public required string Found { get; init; }

    /// <summary>The app on which the saving was measured.</summary>
    public required string Sample { get; init; }

    /// <summary>Bytes of the sample's main binary without the cut.</summary>
    public required long Before { get; init; }

    /// <summary>Bytes with it.</summary>
    public required long After { get; init; }

    /// <summary>Profiles that take it.</summary>
    public required IReadOnlyList<string> Profiles { get; init; }

    /// <summary>Members of the library, "Namespace.Type.Member", that an app can't use any more; one that does is warned.</summary>
    public IReadOnlyList<string> Apis { get; init; } = [];

    /// <summary>"Name=value" of an MSBuild property: every profile takes the cut where it has the value, and none where it has another.</summary>
    public string? Property { get; init; }

    /// <summary>The first framework version for which profiles take it ("9.0"); null for all.</summary>
    public string? From { get; init; }

    /// <summary>The first framework version for which profiles take it no more ("10.0"); null for none.</summary>
    public string? Until { get; init; }

    /// <summary>Reads a manifest. Nothing is guessed: what is not known, missing or empty is an error.</summary>
    /// <exception cref="BadJsonException">It is not a manifest.</exception>
    public static CutManifest Parse(ReadOnlySpan<byte> utf8)
    {
        StrictJson json = StrictJson.Parse(utf8);
        json.Only("schema", "library", "tried", "givesUp", "reached", "callers", "found", "saves", "profiles", "apis", "property", "from", "until");
        if (json["schema"].Number() != 1) throw new BadJsonException("\"schema\" is not 1: it is of another version of the package", json["schema"].Line);
        StrictJson saves = json["saves"];
        saves.Only("sample", "before", "after");
        long before = saves["before"].Number(), after = saves["after"].Number();
        if (after > before) throw new BadJsonException("\"after\" is more than \"before\"", saves["after"].Line);
        List<string> profiles = Texts(json["profiles"]);
        foreach (string profile in profiles)
        {
            if (!s_profiles.Contains(profile)) throw new BadJsonException($"\"{profile}\" is no profile that takes cuts; those are: {string.Join(", ", s_profiles)}", json["profiles"].Line);
        }
        if (profiles.Contains("SizeCritical") && !profiles.Contains("Embedded")) throw new BadJsonException("Embedded takes all that SizeCritical takes", json["profiles"].Line);
        string? property = json.Optional("property")?.Text;
        if (property is not null && property.Split('=') is not [{ Length: > 0 }, { Length: > 0 }]) throw new BadJsonException("\"property\" has to be \"Name=value\"", json["property"].Line);
        return new CutManifest
        {
            Library = Text(json["library"]),
            Tried = Texts(json["tried"]) is { Count: > 0 } tried ? tried : throw new BadJsonException("\"tried\" names no version", json["tried"].Line),
            GivesUp = Text(json["givesUp"]),
            Reached = Text(json["reached"]),
            Callers = Text(json["callers"]),
            Found = Text(json["found"]),
            Sample = Text(saves["sample"]),
            Before = before,
            After = after,
            Profiles = profiles,
            Apis = json.Optional("apis") is { } apis ? Texts(apis) : [],
            Property = property,
            From = Framework(json.Optional("from")),
            Until = Framework(json.Optional("until")),
        };
    }

    private static string Text(StrictJson json) => string.IsNullOrWhiteSpace(json.Text) ? throw new BadJsonException("a text is needed here", json.Line) : json.Text;

    private static List<string> Texts(StrictJson json) => [.. json.Items.Select(Text)];

    private static string? Framework(StrictJson? json) => json is null ? null
        : Version.TryParse(Text(json), out Version? version) && version is { Build: -1 } ? json.Text
        : throw new BadJsonException("a framework version is needed here: \"9.0\"", json.Line);
}
