namespace BinarySize.Variants;

/// <summary>What a comparison is made of.</summary>
public sealed record ComparisonRequest
{
    /// <summary>The project as the user named it, for headings.</summary>
    public required string Project { get; init; }

    /// <summary>One of <see cref="VariantSets.Names"/>.</summary>
    public string Set { get; init; } = VariantSets.Names[0];

    /// <summary>Variants of the user's besides the project's own items, of which it replaces those of the same name; for the sets "strategies" and "user".</summary>
    public IReadOnlyList<Variant> Variants { get; init; } = [];

    /// <summary>What pack levels and settings are tried on: a strategy's name, or "project"; null: chosen.</summary>
    public string? Base { get; init; }
}

/// <summary>From a project and the name of a set to the comparison.</summary>
public static class ComparisonRun
{
    /// <summary>The project as it stands, with its own choices.</summary>
    public const string AsIs = "project";

    /// <summary>Names that a base can have.</summary>
    public static IReadOnlyList<string> Bases { get; } = [AsIs, .. VariantSets.Strategies.Where(v => v.Pack is null).Select(v => v.Name)];

    /// <summary>Runs the set. Cancelled, it gives what is done until then.</summary>
    /// <exception cref="VariantProjectException">The set "user" is empty, two variants have one name, or the base is not known.</exception>
    public static Comparison Run(VariantProject project, VariantLab lab, Comparer comparer, ComparisonRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(project);
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(comparer);
        ArgumentNullException.ThrowIfNull(request);
        var notes = new List<string>();
        IReadOnlyList<Variant> own = [.. project.OwnVariants.Where(v => request.Variants.All(r => !string.Equals(r.Name, v.Name, StringComparison.OrdinalIgnoreCase))), .. request.Variants];
        IReadOnlyList<Variant> variants;
        IReadOnlyList<TuneCandidate> candidates = [];
        switch (request.Set)
        {
            case "strategies":
                variants = [.. VariantSets.Strategies, .. own];
                break;
            case "pack-levels":
                variants = [.. VariantSets.PackLevels(Start(project, lab, request.Base, cancel))];
                break;
            case "settings":
                Variant start = Start(project, lab, request.Base, cancel);
                candidates = Candidates(project, start);
                variants = VariantSets.Settings(start, candidates);
                break;
            case "user":
                variants = own.Count > 0 ? own : throw new VariantProjectException("The set 'user' is empty: the project has no BinarySizeVariant items.");
                break;
            default:
                throw new VariantProjectException($"'{request.Set}' is no set. Known are: {string.Join(", ", VariantSets.Names)}.");
        }
        if (variants.GroupBy(v => v.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice) throw new VariantProjectException($"Two variants have the name '{twice.Key}'.");

        List<VariantResult> results = [.. comparer.Run(variants, cancel)];
        if (request.Set == "settings") results.AddRange(comparer.Run(VariantSets.Cumulative(variants[0], candidates, results), cancel));
        IReadOnlyList<VariantResult> all = results;
        try
        {
            all = lab.MeasureStartup(results, cancel);
        }
        catch (OperationCanceledException)
        {
            // What was built is worth showing without it.
        }
        lab.Save();
        if (all.All(v => v.StartupMilliseconds is null) && lab.HasNoRunCommand) notes.Add("Start-up is measured where a command is named: --run '{artifact} --version'.");
        if (cancel.IsCancellationRequested) notes.Add("Ended before all was done.");
        return new Comparison(request.Project, request.Set, all) { Sdk = project.SdkVersion, RuntimeIdentifier = project.Runtime, TargetFramework = project.Framework, Notes = notes };
    }

    /// <summary>
    /// What settings are tried on: the named one; otherwise what the project publishes by itself, where it trims; otherwise
    /// NativeAOT where it can be built here, and trimmed where not.
    /// </summary>
    public static Variant Start(VariantProject project, IVariantLab lab, string? name, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(project);
        ArgumentNullException.ThrowIfNull(lab);
        if (name is not null)
        {
            if (!Bases.Contains(name)) throw new VariantProjectException($"'{name}' is no base. Known are: {string.Join(", ", Bases)}.");
            return name == AsIs ? new Variant(AsIs, []) : VariantSets.Strategy(name);
        }
        if (project.PublishesAot || project.PublishesTrimmed) return new Variant(AsIs, []);
        Variant aot = VariantSets.Strategy(VariantSets.NativeAot);
        return lab.Try(aot, cancel).Status is VariantStatus.Unavailable or VariantStatus.Failed ? VariantSets.Strategy("trimmed-compressed") : aot;
    }

    /// <summary>The settings, and where the package is at hand the cuts, that can make a start smaller.</summary>
    public static IReadOnlyList<TuneCandidate> Candidates(VariantProject project, Variant start)
    {
        ArgumentNullException.ThrowIfNull(project);
        ArgumentNullException.ThrowIfNull(start);
        bool aot = start.Effective().TryGetValue("PublishAot", out string? value) ? value == "true" : project.PublishesAot;
        IReadOnlyList<TuneCandidate> cuts = project.Request.PackageRoot is { } package ? TuneCatalogue.Cuts(Path.Combine(package, "build", "cuts"), project.Framework) : [];
        return [.. (aot ? TuneCatalogue.NativeAot : TuneCatalogue.Trimmed).Where(c => project.Runtime.StartsWith(c.Runtime, StringComparison.Ordinal)), .. cuts];
    }
}
