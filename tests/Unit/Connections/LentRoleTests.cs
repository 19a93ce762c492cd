using System.Reflection;
using System.Runtime.CompilerServices;
using Xunit;

namespace EventLoops.Tests.Unit.Connections;

/// <summary>What a thread lends to one connection after the other must carry nothing from one to the other.</summary>
public class LentRoleTests
{
    [Fact]
    public void A_role_that_has_forgotten_its_connection_has_nothing_left_in_any_field()
    {
        HttpServerRole role = (HttpServerRole)RuntimeHelpers.GetUninitializedObject(typeof(HttpServerRole));
        FieldInfo[] fields = [.. FieldsOf(typeof(HttpServerRole))];
        foreach (FieldInfo field in fields) field.SetValue(role, Something(field.FieldType));
        Assert.All(fields, field => Assert.False(IsDefault(field.GetValue(role)), field.Name));

        role.Forget();

        Assert.All(fields, field => Assert.True(IsDefault(field.GetValue(role)), field.Name));
    }

    private static IEnumerable<FieldInfo> FieldsOf(Type? type)
    {
        for (; type is not null && type != typeof(object); type = type.BaseType)
        {
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)) yield return field;
        }
    }

    /// <summary>Any value of a type that is not its default. What it is good for does not matter.</summary>
    private static object Something(Type type)
    {
        if (type.IsArray) return Array.CreateInstance(type.GetElementType()!, 1);
        if (type == typeof(bool)) return true;
        if (type.IsPrimitive) return Convert.ChangeType(1, type, System.Globalization.CultureInfo.InvariantCulture);
        if (type.IsEnum) return Enum.ToObject(type, 1);
        if (type == typeof(string)) return "something";
        if (type.IsAbstract) type = type.Assembly.GetTypes().First(one => one.IsSubclassOf(type) && !one.IsAbstract);

        object made = RuntimeHelpers.GetUninitializedObject(type);
        if (type.IsValueType)
        {
            FieldInfo first = FieldsOf(type).First();
            first.SetValue(made, Something(first.FieldType));
        }

        return made;
    }

    private static bool IsDefault(object? value) => value switch
    {
        null => true,
        ValueType when value.GetType() is { IsPrimitive: false, IsEnum: false } type => FieldsOf(type).All(field => IsDefault(field.GetValue(value))),
        ValueType => value.Equals(RuntimeHelpers.GetUninitializedObject(value.GetType())),
        _ => false,
    };
}
