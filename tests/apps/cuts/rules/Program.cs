using System.Linq.Expressions;

// A tool that builds its rules while it runs. With an argument: what cuts take away.
if (args is ["deep", var count])
{
    Expression sum = Expression.Constant(0);
    for (int i = 0; i < int.Parse(count); i++) sum = Expression.Add(sum, Expression.Constant(1));
    Console.WriteLine(Expression.Lambda<Func<int>>(sum).Compile()());
    return;
}
ParameterExpression weight = Expression.Parameter(typeof(double), "weight"), name = Expression.Parameter(typeof(string), "name");
var rule = Expression.Lambda<Func<double, string, bool>>(Expression.AndAlso(Expression.GreaterThan(weight, Expression.Constant(1.5)), Expression.NotEqual(name, Expression.Constant("c"))), weight, name);
Console.WriteLine(rule);
Func<double, string, bool> holds = rule.Compile();
foreach ((double w, string n) in new[] { (1.0, "a"), (2.0, "b"), (3.0, "c") }) Console.WriteLine($"{n} {holds(w, n)}");
Expression<Func<string, int>> written = s => s.Length * 2 + 1;
Console.WriteLine($"{written} {written.Compile()("four")}");
